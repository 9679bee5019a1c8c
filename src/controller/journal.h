#pragma once
// Where executions are written down before anything of them is done, and what people ordered.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "states/history.h"

namespace understudy {

/// An execution as it was started. Everything that a replay needs besides its events.
struct ExecutionEntry {
  std::string name;
  std::string
      document;  ///< the workflow's text, so that a new version does not change a running one
  std::uint64_t seed = 0;
  WallTime started{};
  std::string status = "RUNNING";  ///< as Step Functions writes it
};

/// Thread-safe. What a call has answered is on the disk.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Error, unchanged_final: an execution of that name exists.
  [[nodiscard]] virtual Result<Done> begin(const ExecutionEntry& entry) = 0;
  /// Appends events, all or none. Appending what is there already changes nothing; another event
  /// under an id that is there is an error. It may keep them as they are: they are still the
  /// caller's only if it failed.
  [[nodiscard]] virtual Result<Done> append(const std::string& execution,
                                            std::vector<states::HistoryEvent>&& events) = 0;
  [[nodiscard]] virtual Result<Done> finish(const std::string& execution,
                                            const std::string& status) = 0;

  /// Oldest first.
  [[nodiscard]] virtual Result<std::vector<ExecutionEntry>> executions() = 0;
  /// In their order. Error, unchanged_final: an event cannot be read; which one.
  [[nodiscard]] virtual Result<std::vector<states::HistoryEvent>> events(
      const std::string& execution) = 0;

  /// Keeps a text under a name, over what was kept there.
  [[nodiscard]] virtual Result<Done> keep(const std::string& name, const std::string& text) = 0;
  /// "" if nothing was kept under that name.
  [[nodiscard]] virtual Result<std::string> kept(const std::string& name) = 0;
};

}  // namespace understudy
