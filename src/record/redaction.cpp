#include "record/redaction.h"

#include <boost/json.hpp>

#include "record/canonical.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

constexpr std::string_view kRedacted = "redacted";
/// A shorter one would be found in words that are no secret.
constexpr std::size_t kSecretLeast = 8;

std::string replaced_in(std::string_view text, const std::vector<Replacement>& replacements) {
  std::string out(text);
  for (const auto& [secret, instead] : replacements) {
    if (secret.size() < kSecretLeast) continue;
    for (auto at = out.find(secret); at != std::string::npos;
         at = out.find(secret, at + instead.size()))
      out.replace(at, secret.size(), instead);
  }
  return out;
}

/// The program stays.
void redact_arguments(json::object& object) {
  auto* command = object.if_contains("command");
  if (command == nullptr || !command->is_array()) return;
  json::array& words = command->get_array();
  for (std::size_t at = 1; at < words.size(); ++at) words[at] = kRedacted;
}

void redact_environment(json::object& object) {
  auto* environment = object.if_contains("environment");
  if (environment == nullptr || !environment->is_object()) return;
  for (auto& variable : environment->get_object()) variable.value() = kRedacted;
}

/// "smtp://ada:secret@host" becomes "smtp://redacted@host".
void redact_user(json::object& smtp) {
  auto* url = smtp.if_contains("url");
  if (url == nullptr || !url->is_string()) return;
  std::string text(url->get_string());
  const auto scheme = text.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto user_ends = text.rfind('@');
  if (user_ends == std::string::npos || user_ends < host) return;
  *url = text.replace(host, user_ends - host, kRedacted);
}

json::array* list_at(json::value& value, std::string_view name) {
  auto* object = value.if_object();
  auto* found = object == nullptr ? nullptr : object->if_contains(name);
  return found == nullptr ? nullptr : found->if_array();
}

}  // namespace

std::string stand_in_for_token(const std::string& token) {
  return "task-token-sha256-" + sha256(token);
}

json::value replaced(const json::value& value, const std::vector<Replacement>& replacements) {
  if (const auto* text = value.if_string()) return json::value(replaced_in(*text, replacements));
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& element : *list) out.push_back(replaced(element, replacements));
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::object out;
  for (const auto& [key, member] : *object)
    out[replaced_in(key, replacements)] = replaced(member, replacements);
  return out;
}

json::value without_secrets(json::value topology) {
  if (auto* services = list_at(topology, "services")) {
    for (auto& service : *services) {
      if (!service.is_object()) continue;
      redact_arguments(service.get_object());
      redact_environment(service.get_object());
    }
  }
  auto* object = topology.if_object();
  auto* alerts = object == nullptr ? nullptr : object->if_contains("alerts");
  auto* targets = alerts == nullptr ? nullptr : list_at(*alerts, "targets");
  if (targets == nullptr) return topology;
  for (auto& target : *targets) {
    if (!target.is_object()) continue;
    redact_arguments(target.get_object());
    auto* smtp = target.get_object().if_contains("smtp");
    if (smtp != nullptr && smtp->is_object()) redact_user(smtp->get_object());
  }
  return topology;
}

}  // namespace understudy::record
