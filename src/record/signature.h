#pragma once
// Who vouches for a record: a key, and the certificate by which an authority vouches for the key.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy::record {

/// Holds a private key. Thread-safe.
class Signer {
 public:
  /// PEM texts; the first certificate is the key's own, more of them lead towards the authority.
  /// EC keys sign with ECDSA and SHA-256, Ed25519 as it does. Error: they cannot be used, or do not
  /// belong to each other.
  [[nodiscard]] static Result<Signer> of(std::string_view key, std::string_view certificates);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  /// One line of canonical JSON, without its end: {"certificates", "record", "signature"}. Under
  /// ECDSA another one each time.
  [[nodiscard]] Result<std::string> sign(const std::string& record_hash) const;

 private:
  struct Held;
  explicit Signer(std::unique_ptr<Held> held);
  std::unique_ptr<Held> held_;
};

struct Signature {
  std::string record_hash;
  std::vector<std::string> certificates;  ///< DER
  std::string signature;                  ///< bytes
};

/// Reads what sign() wrote; refuses every other spelling of it.
[[nodiscard]] Result<Signature> read_signature(std::string_view line);

/// Whether the first certificate's key made it over this hash and these certificates.
[[nodiscard]] Result<Done> check_signature(const Signature& signature);

/// Whether the authority (PEM, one certificate or more) vouches at that time for the first
/// certificate, and that it is the controller's.
[[nodiscard]] Result<Done> check_certificate(const Signature& signature, std::string_view authority,
                                             WallTime at);

/// Whether there is a certificate in the PEM text at all.
[[nodiscard]] bool is_certificate(std::string_view pem);

}  // namespace understudy::record
