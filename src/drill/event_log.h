#pragma once
// The events that a stack's processes wrote down, for the judges.

#include <boost/json/object.hpp>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "local/layout.h"

namespace understudy::drill {

/// The events of a domain (a region, or "witness") since then, with their times. What cannot be
/// read is left out.
[[nodiscard]] std::vector<std::pair<WallTime, boost::json::object>> events_since(
    const Layout& layout, std::string_view domain, WallTime since);

/// The file of a domain's events.
[[nodiscard]] std::string event_file(const Layout& layout, std::string_view domain);

/// Follows such a file from where it ends now.
class EventTail {
 public:
  explicit EventTail(const std::string& file);
  /// Those that were written since the last call. What cannot be read is left out.
  [[nodiscard]] std::vector<boost::json::object> next();

 private:
  std::ifstream file_;
  std::string begun_;  ///< the beginning of a line whose end is not there yet
};

/// A field of an event; "" and 0 if it is not there, or something else.
[[nodiscard]] std::string text_at(const boost::json::object& event, std::string_view key);
[[nodiscard]] std::int64_t number_at(const boost::json::object& event, std::string_view key);

}  // namespace understudy::drill
