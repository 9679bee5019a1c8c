#pragma once
// From a drill's JSON to what the templates show: every number as the text that is printed.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy::report {

/// The names that report.html.mustache and report.md.mustache use, for one drill; `number` counts
/// drills from 1. Error, unchanged_final: the field that is missing or of another type.
[[nodiscard]] Result<boost::json::object> view_of(const boost::json::object& drill,
                                                  std::size_t number);

/// Milliseconds for people: "87 ms", "2.41 s"; with a sign: "+2.410 s", as a moment of a timeline.
/// No line breaks before the unit.
[[nodiscard]] std::string length_text(std::int64_t ms);
[[nodiscard]] std::string moment_text(std::int64_t ms);

}  // namespace understudy::report
