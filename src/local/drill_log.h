#pragma once
// Past drills of a platform, a line of JSON each, beside its stack's data folder: `down` leaves
// them.

#include <string>

#include "ports/drill_history.h"
#include "topology/topology.h"

namespace understudy {

/// "/var/lib/understudy/boxoffice.drills.jsonl".
[[nodiscard]] std::string drill_log_file(const std::string& data);

/// Equal while a drill of one tells of the other: whatever understudy.yaml says but for alerts,
/// objectives, and where the stack is.
[[nodiscard]] std::string platform_digest(const Topology& topology);

/// Appends a line, durably, and makes the file with its folder if need be; everybody may read it,
/// since a drill may be another user's than the stack. Error: unchanged_retry.
[[nodiscard]] Result<Done> append_drill(const std::string& file, const PastDrill& drill);

/// The newest thousand; lines that cannot be read are left out.
class DrillLog final : public DrillHistory {
 public:
  explicit DrillLog(std::string file) : file_(std::move(file)) {}
  Result<std::vector<PastDrill>> past() override;

 private:
  const std::string file_;
};

}  // namespace understudy
