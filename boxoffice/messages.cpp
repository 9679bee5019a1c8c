#include "messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "bodies.h"

namespace understudy::boxoffice {
namespace {

namespace json = boost::json;

constexpr std::size_t kAddressBytesMax = 254;
constexpr std::size_t kLocalPartBytesMax = 64;
constexpr std::size_t kLineBytesMax = 500;
constexpr std::size_t kTextBytesMax = 8000;
constexpr std::string_view kNotSent = "not_sent";
constexpr std::string_view kRefused = "refused";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Atoms with dots between them. Quoted local parts exist on paper only.
bool is_dot_atom(std::string_view text, std::string_view also) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [also](char c) {
    return is_letter_or_digit(c) || c == '.' || also.find(c) != std::string_view::npos;
  });
}

bool is_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

Error wrong(std::string_view field, std::string_view expected) {
  return {After::unchanged_final, fmt::format("\"{}\" is wrong; expected {}", field, expected)};
}

std::optional<json::object> to_object(std::string_view body) {
  json::error_code failed;
  auto value = json::parse(json::string_view(body.data(), body.size()), failed);
  if (failed || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(json::string_view(name.data(), name.size()));
  const json::string* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

}  // namespace

bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > kAddressBytesMax || at > kLocalPartBytesMax)
    return false;
  const std::string_view domain = text.substr(at + 1);
  return is_dot_atom(text.substr(0, at), "!#$%&'*+-/=?^_`{|}~") && is_dot_atom(domain, "-") &&
         domain.find('.') != std::string_view::npos;
}

bool is_number(std::string_view text) {
  return text.size() >= 9 && text.size() <= 16 && text.front() == '+' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string to_json(const Mail& mail) {
  return json::serialize(json::object{{"message_id", mail.message_id},
                                      {"name", mail.name},
                                      {"address", mail.address},
                                      {"subject", mail.subject},
                                      {"text", mail.text}});
}

std::string to_json(const Text& text) {
  return json::serialize(
      json::object{{"message_id", text.message_id}, {"number", text.number}, {"text", text.text}});
}

Result<Mail> read_mail(std::string_view body) {
  const auto object = to_object(body);
  if (!object) return Error{After::unchanged_final, "the body is no JSON object"};
  Mail mail{text_of(*object, "message_id"), text_of(*object, "name"), text_of(*object, "address"),
            text_of(*object, "subject"), text_of(*object, "text")};
  if (!is_address(mail.message_id))
    return wrong("message_id", "a name that is the same for every try, like a@b.example");
  if (!is_address(mail.address)) return wrong("address", "an e-mail address");
  if (!is_line(mail.name) || mail.name.size() > kLineBytesMax) return wrong("name", "one line");
  if (mail.subject.empty() || !is_line(mail.subject) || mail.subject.size() > kLineBytesMax)
    return wrong("subject", "one line");
  if (mail.text.empty() || mail.text.size() > kTextBytesMax)
    return wrong("text", "1 to 8000 bytes");
  return mail;
}

Result<Text> read_text(std::string_view body) {
  const auto object = to_object(body);
  if (!object) return Error{After::unchanged_final, "the body is no JSON object"};
  Text text{text_of(*object, "message_id"), text_of(*object, "number"), text_of(*object, "text")};
  if (!is_address(text.message_id))
    return wrong("message_id", "a name that is the same for every try, like a@b.example");
  if (!is_number(text.number)) return wrong("number", "'+' and 8 to 15 digits");
  if (text.text.empty() || text.text.size() > kLineBytesMax) return wrong("text", "1 to 500 bytes");
  return text;
}

std::string outcome_body(const Result<Done>& sent) {
  if (sent) return R"({"outcome":"sent"})";
  const After after = sent.error().after;
  const std::string_view outcome = after == After::unchanged_final   ? kRefused
                                   : after == After::unchanged_retry ? kNotSent
                                                                     : "unknown";
  return fmt::format(R"({{"outcome":"{}","error":{}}})", outcome, quoted(sent.error().what));
}

Result<Done> read_outcome(std::string_view body) {
  const auto object = to_object(body);
  if (!object) return Error{After::unknown, "an answer that says no outcome"};
  const std::string outcome = text_of(*object, "outcome");
  if (outcome == "sent") return Done{};
  const After after = outcome == kRefused   ? After::unchanged_final
                      : outcome == kNotSent ? After::unchanged_retry
                                            : After::unknown;
  return Error{after, text_of(*object, "error")};
}

}  // namespace understudy::boxoffice
