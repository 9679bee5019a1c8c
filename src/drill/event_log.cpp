#include "drill/event_log.h"

#include <sstream>

#include "ports/wire.h"
#include "system/file.h"

namespace understudy::drill {

namespace json = boost::json;

std::string event_file(const Layout& layout, std::string_view domain) {
  return layout.domain(domain).file("log/events.jsonl");
}

std::vector<std::pair<WallTime, json::object>> events_since(const Layout& layout,
                                                            std::string_view domain,
                                                            WallTime since) {
  std::vector<std::pair<WallTime, json::object>> events;
  auto text = file::read(event_file(layout, domain), 256 << 20);
  if (!text) return events;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    auto event = wire::parse_object(line);
    if (!event || event->if_contains("at_ns") == nullptr) continue;
    const WallTime time{Duration(number_at(*event, "at_ns"))};
    if (time >= since) events.emplace_back(time, std::move(*event));
  }
  return events;
}

EventTail::EventTail(const std::string& file) : file_(file, std::ios::ate) {}

std::vector<json::object> EventTail::next() {
  std::vector<json::object> events;
  file_.clear();  // the end of the last time
  for (std::string more; std::getline(file_, more);) {
    begun_ += more;
    if (file_.eof()) break;
    if (auto event = wire::parse_object(begun_)) events.push_back(std::move(*event));
    begun_.clear();
  }
  return events;
}

std::string text_at(const json::object& event, std::string_view key) {
  const auto* found = event.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_at(const json::object& event, std::string_view key) {
  const auto* found = event.if_contains(key);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

}  // namespace understudy::drill
