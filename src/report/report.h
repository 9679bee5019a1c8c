#pragma once
// What drills left, as a page and as a summary.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::report {

/// The drills in one text that `understudy drill --json` or `--report` wrote: an object, or a list
/// of them. `name` stands for the file in errors.
///
/// Error, unchanged_final: it is no JSON, or a field that the report needs is missing or of another
/// type; the line names the field. Fields it does not know are left alone, and a verdict without
/// "course" or "environment" is a report without charts or facts.
[[nodiscard]] Result<std::vector<boost::json::object>> read_drills(std::string_view text,
                                                                   const std::string& name);

/// One page that needs nothing else: style, chart library and numbers are in it, and it asks no
/// network. Everything from the drills is escaped. Requires: drills as read_drills() gives them.
[[nodiscard]] std::string to_html(const std::vector<boost::json::object>& drills);

/// The same without charts, as Markdown. Requires: as above.
[[nodiscard]] std::string to_markdown(const std::vector<boost::json::object>& drills);

}  // namespace understudy::report
