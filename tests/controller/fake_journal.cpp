#include "tests/controller/fake_journal.h"

#include "base/ensure.h"

namespace understudy::fake {

Result<Done> FakeJournal::begin(const ExecutionEntry& entry) {
  for (const ExecutionEntry& known : entries) {
    if (known.name == entry.name) return Error{After::unchanged_final, entry.name + " exists"};
  }
  entries.push_back(entry);
  return Done{};
}

Result<Done> FakeJournal::append(const std::string& execution,
                                 std::vector<states::HistoryEvent>&& events) {
  if (on_append) on_append();
  const Fault fault = appends.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "journal")) return *error;
  auto& log = logs[execution];
  for (const states::HistoryEvent& event : events) {
    const std::string text = states::to_text(event);
    ensure(event.id <= log.size() + 1, "events have no gaps");
    if (event.id == log.size() + 1) log.push_back(text);
    ensure(log[event.id - 1] == text, "what is written down is never written differently");
  }
  if (auto error = after_act(fault, "journal")) return *error;
  return Done{};
}

Result<Done> FakeJournal::finish(const std::string& execution, const std::string& status) {
  for (ExecutionEntry& known : entries) {
    if (known.name == execution) known.status = status;
  }
  return Done{};
}

Result<std::vector<states::HistoryEvent>> FakeJournal::events(const std::string& execution) {
  std::vector<states::HistoryEvent> events;
  for (const std::string& text : logs[execution]) {
    auto event = states::event_from_text(text);
    if (!event) return within(execution, event.error());
    events.push_back(std::move(*event));
  }
  return events;
}

Result<Done> FakeJournal::keep(const std::string& name, const std::string& text) {
  if (on_keep) on_keep();
  const Fault fault = keeps.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "journal")) return *error;
  texts[name] = text;
  if (auto error = after_act(fault, "journal")) return *error;
  return Done{};
}

std::string FakeJournal::status_of(const std::string& execution) const {
  for (const ExecutionEntry& known : entries) {
    if (known.name == execution) return known.status;
  }
  return "none";
}

}  // namespace understudy::fake
