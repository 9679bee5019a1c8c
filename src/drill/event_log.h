#pragma once
// The events that a stack's processes wrote down, for the judges.

#include <boost/json/object.hpp>
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

/// A field of an event; "" and 0 if it is not there, or something else.
[[nodiscard]] std::string text_at(const boost::json::object& event, std::string_view key);
[[nodiscard]] std::int64_t number_at(const boost::json::object& event, std::string_view key);

}  // namespace understudy::drill
