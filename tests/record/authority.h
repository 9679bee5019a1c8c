#pragma once
// A stack's own authority and the certificates that it issued, in a folder that goes away.

#include <string>

#include "record/signature.h"
#include "tests/local/scratch.h"

namespace understudy::record {

class TestAuthority {
 public:
  TestAuthority();

  /// Of whom the certificate says that it is.
  [[nodiscard]] Signer signer(const std::string& name = "controller") const;
  [[nodiscard]] std::string certificate() const;
  /// Valid from a day before it was made.
  [[nodiscard]] std::string key_of(const std::string& name) const;
  [[nodiscard]] std::string certificate_of(const std::string& name) const;

 private:
  Scratch scratch_;
};

}  // namespace understudy::record
