#pragma once
// Ports: who takes messages out of the house.

#include "base/result.h"
#include "messages.h"

namespace understudy::boxoffice {

/// Thread-safe.
class MailCarrier {
 public:
  virtual ~MailCarrier() = default;
  /// Carries `message` (RFC 5322 with CRLF) to `mail.address`.
  ///
  /// Errors: unchanged_final if it was refused for good; unchanged_retry if it certainly was not
  /// taken and may be another time; unknown if nobody can say.
  [[nodiscard]] virtual Result<Done> carry(const Mail& mail, const std::string& message) = 0;
};

/// Thread-safe. Errors as MailCarrier.
class TextCarrier {
 public:
  virtual ~TextCarrier() = default;
  [[nodiscard]] virtual Result<Done> carry(const Text& text) = 0;
};

}  // namespace understudy::boxoffice
