#include "cli/report_command.h"

#include <fmt/format.h>

#include <iterator>

#include "cli/commands.h"
#include "report/report.h"
#include "system/file.h"

namespace understudy {

Result<Done> write_report(const std::string& folder,
                          const std::vector<boost::json::object>& drills) {
  auto written = file::write_durably(folder + "/report.html", report::to_html(drills), 0644);
  if (!written) return written;
  return file::write_durably(folder + "/report.md", report::to_markdown(drills), 0644);
}

Exit report_command(const ReportWords& words) {
  std::vector<boost::json::object> drills;
  for (const std::string& name : words.files) {
    auto text = file::read(name, 256 << 20);
    if (!text) return fail("report", text.error().what, Exit::usage);
    auto read = report::read_drills(*text, name);
    if (!read) return fail("report", read.error().what, Exit::usage);
    drills.insert(drills.end(), std::make_move_iterator(read->begin()),
                  std::make_move_iterator(read->end()));
  }
  if (drills.empty()) return fail("report", "the files hold no drill", Exit::usage);
  if (auto made = file::make_folder(words.out, 0755); !made)
    return fail("report", made.error().what, Exit::machine);
  if (auto written = write_report(words.out, drills); !written)
    return fail("report", written.error().what, Exit::machine);
  fmt::print("{0}/report.html, {0}/report.md\n", words.out);
  return Exit::ok;
}

}  // namespace understudy
