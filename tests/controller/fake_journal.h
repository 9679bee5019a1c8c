#pragma once
// The Journal port in memory, in virtual time.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "controller/journal.h"
#include "tests/recovery/fakes.h"

namespace understudy::fake {

/// Executions and their events in memory. It can be told to die after so many appends.
class FakeJournal final : public Journal {
 public:
  explicit FakeJournal(Stage& stage) : stage_(stage) {}
  Result<Done> begin(const ExecutionEntry& entry) override;
  Result<Done> append(const std::string& execution,
                      std::vector<states::HistoryEvent>&& events) override;
  Result<Done> finish(const std::string& execution, const std::string& status) override;
  Result<std::vector<ExecutionEntry>> executions() override { return entries; }
  Result<std::vector<states::HistoryEvent>> events(const std::string& execution) override;

  Result<Done> keep(const std::string& name, const std::string& text) override;
  Result<std::string> kept(const std::string& name) override { return texts[name]; }

  [[nodiscard]] std::string status_of(const std::string& execution) const;

  std::vector<ExecutionEntry> entries;
  std::map<std::string, std::vector<std::string>> logs;
  std::map<std::string, std::string> texts;
  Trouble appends;
  Trouble keeps;
  std::function<void()> on_append;  ///< before each
  std::function<void()> on_keep;    ///< before each

 private:
  Stage& stage_;
};

}  // namespace understudy::fake
