#pragma once
// `understudy report`, and the reports that `understudy drill --report` writes.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/result.h"

namespace understudy {

struct ReportWords {
  std::vector<std::string> files;
  std::string out = ".";
};

/// From verdicts in files to report.html and report.md in `out`, which is made if need be.
Exit report_command(const ReportWords& words);

/// Writes report.html and report.md. Requires: the folder is there; the drills are as
/// report::read_drills() gives them.
[[nodiscard]] Result<Done> write_report(const std::string& folder,
                                        const std::vector<boost::json::object>& drills);

}  // namespace understudy
