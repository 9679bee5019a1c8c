#pragma once
// The files of the page, built into the program.

#include <string_view>

namespace understudy::report {

[[nodiscard]] std::string_view html_template();
[[nodiscard]] std::string_view markdown_template();
[[nodiscard]] std::string_view style();
[[nodiscard]] std::string_view script();
/// Chart.js, minified, with its licence's line.
[[nodiscard]] std::string_view chart_library();

}  // namespace understudy::report
