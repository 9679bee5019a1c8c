#include "alerting/message.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace understudy::alerting {

namespace json = boost::json;

namespace {

/// Discord refuses more; the others take it too.
constexpr std::size_t kChatBytesMax = 1900;

/// Never in the middle of a character.
std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

/// Slack reads <!channel> and <@somebody> in texts that are not escaped.
std::string for_slack(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return escaped;
}

json::object as_json(const Message& message) {
  return {{"platform", message.platform}, {"at", format_wall(message.at)},
          {"key", message.alert.key},     {"subject", message.alert.subject},
          {"done", message.alert.done},   {"ask", message.alert.ask},
          {"more", message.more},         {"test", message.test}};
}

json::object text_block(const std::string& text, bool strong) {
  json::object block{{"type", "TextBlock"}, {"text", text}, {"wrap", true}};
  if (strong) block["weight"] = "Bolder";
  return block;
}

/// An Adaptive Card, as workflows that take the place of Teams' old connectors want it.
json::object for_teams(const Message& message) {
  const json::object card{
      {"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
      {"type", "AdaptiveCard"},
      {"version", "1.4"},
      {"body", json::array{text_block(headline(message), true),
                           text_block(cut(plain_text(message), kChatBytesMax), false)}}};
  return {{"type", "message"},
          {"attachments",
           json::array{json::object{{"contentType", "application/vnd.microsoft.card.adaptive"},
                                    {"content", card}}}}};
}

}  // namespace

std::string headline(const Message& message) {
  return fmt::format("[{}] {}{}", message.platform, message.test ? "TEST: " : "",
                     one_line(message.alert.subject));
}

std::string plain_text(const Message& message) {
  std::string text = headline(message) + "\n";
  text += fmt::format("Understudy: {}\n", one_line(message.alert.done));
  text += fmt::format("To do: {}\n",
                      message.alert.ask.empty() ? "nothing" : one_line(message.alert.ask));
  if (message.more > 0) text += fmt::format("And {} more since it was last told.\n", message.more);
  return text + format_wall(message.at) + "\n";
}

std::string packed(const Message& message, AlertFormat format) {
  switch (format) {
    case AlertFormat::json: return json::serialize(as_json(message));
    case AlertFormat::slack:
      return json::serialize(
          json::object{{"text", for_slack(cut(plain_text(message), kChatBytesMax))}});
    case AlertFormat::teams: return json::serialize(for_teams(message));
    case AlertFormat::discord:
      return json::serialize(
          json::object{{"content", cut(plain_text(message), kChatBytesMax)},
                       {"allowed_mentions", json::object{{"parse", json::array{}}}}});
  }
  return {};
}

}  // namespace understudy::alerting
