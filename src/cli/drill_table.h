#pragma once
// Many drills side by side: for the terminal, and as docs/drills.md.

#include <string>
#include <vector>

#include "drill/drill.h"

namespace understudy {

/// One drill of a table. The fault outlives it.
struct DrillRow {
  const drill::Fault* fault;
  Result<drill::DrillResult> result;  ///< Error: the drill could not be held

  [[nodiscard]] bool passed() const { return result.ok() && result->passed(); }
};

/// What must come of a fault: "fails over", "asks, then fails over".
[[nodiscard]] std::string expected_words(const drill::Fault& fault);

/// A line for each drill, then how many passed and the medians.
[[nodiscard]] std::string drills_as_text(const std::vector<DrillRow>& rows);

/// A page in Markdown with a line for each fault, of all its drills. `about`: a paragraph on how,
/// where and when they ran; `skipped`: a line for each fault that could not be done here.
[[nodiscard]] std::string drills_as_markdown(const std::vector<DrillRow>& rows,
                                             const std::string& about,
                                             const std::vector<std::string>& skipped);

}  // namespace understudy
