#pragma once
// What a buyer is sent, and how the worker hands it to the notifications service: JSON over HTTP.

#include <string>

#include "base/result.h"

namespace understudy::boxoffice {

struct Mail {
  std::string message_id;  ///< without <>: "order-7.mail@boxoffice.example.org"
  std::string name;        ///< of who gets it; may be empty
  std::string address;     ///< see is_address
  std::string subject;
  std::string text;  ///< lines end in '\n'
};

/// A text message to a telephone.
struct Text {
  std::string message_id;
  std::string number;  ///< see is_number
  std::string text;
};

/// An address that may stand in an SMTP command as it is: ASCII, local part, '@', domain.
[[nodiscard]] bool is_address(std::string_view text);
/// As E.164 has it: '+', then 8 to 15 digits.
[[nodiscard]] bool is_number(std::string_view text);

[[nodiscard]] std::string to_json(const Mail& mail);
[[nodiscard]] std::string to_json(const Text& text);
/// Error, unchanged_final: the field that is missing or wrong and what was expected.
[[nodiscard]] Result<Mail> read_mail(std::string_view body);
[[nodiscard]] Result<Text> read_text(std::string_view body);

/// What became of a message, as both sides write it: "sent", or what the error left behind:
/// "refused", "not_sent" (yet), "unknown".
[[nodiscard]] std::string outcome_body(const Result<Done>& sent);
/// What `outcome_body` said. Anything else is an unknown outcome.
[[nodiscard]] Result<Done> read_outcome(std::string_view body);

}  // namespace understudy::boxoffice
