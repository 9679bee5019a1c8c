// What the parts on the path of a failover cost. Run by scripts/bench.

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "controller/sqlite_journal.h"
#include "controller/workflows.h"
#include "fence/page_writer.h"
#include "ports/wire.h"
#include "recovery/health.h"
#include "recovery/record_changes.h"
#include "registry/record_store.h"
#include "states/execution.h"
#include "system/kernel.h"

namespace understudy {
namespace {

/// A folder on a disk, removed at the end.
class Folder {
 public:
  Folder() {
    char pattern[] = "/var/tmp/understudy-bench-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Record first_record() {
  return {.version = 1,
          .nonce = "first",
          .epoch = 1,
          .active = "north",
          .term = 1,
          .lease = {},
          .standby = "south",
          .grantors = {"registry"},
          .transition = {}};
}

void decide_what_to_do(benchmark::State& state) {
  unsigned bits = 0;
  for (auto _ : state) {
    const Facts facts{.quorum = true,
                      .path = (bits & 1) != 0,
                      .ready = (bits & 2) != 0,
                      .services = (bits & 4) != 0,
                      .database = (bits & 8) != 0,
                      .lease = (bits & 16) != 0,
                      .patience_over = (bits & 32) != 0};
    benchmark::DoNotOptimize(decide(facts).id);
    ++bits;
  }
}
BENCHMARK(decide_what_to_do);

void judge_the_fence_page(benchmark::State& state) {
  const Folder folder;
  understudy_page_writer writer{};
  if (understudy_open_page(&writer, folder.file("page").c_str()) != 0)
    return state.SkipWithError("no page");
  understudy_promise promise{};
  promise.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + 3'600'000'000'000;
  promise.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) + 3'600'000'000'000;
  understudy_write_promise(&writer, &promise);
  const understudy_page* page = understudy_map_page(folder.file("page").c_str());
  understudy_promise seen{};
  for (auto _ : state) benchmark::DoNotOptimize(understudy_judge(page, writer.boot_id, &seen));
  understudy_release_page(&writer);
}
BENCHMARK(judge_the_fence_page);

void renew_the_lease_in_the_registry(benchmark::State& state) {
  const Folder folder;
  const auto clock = make_kernel_clock();
  auto store = RecordStore::open(folder.file("registry.db"), first_record(), *clock);
  if (!store) return state.SkipWithError(store.error().what.c_str());
  std::uint64_t count = 0;
  for (auto _ : state) {
    const auto next = renewed(store->current(), "north", "nonce-" + std::to_string(++count));
    benchmark::DoNotOptimize(store->replace(*next, "agent-north"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(renew_the_lease_in_the_registry)->Unit(benchmark::kMicrosecond);

void send_a_record_over_the_wire(benchmark::State& state) {
  const Record record = first_record();
  for (auto _ : state) benchmark::DoNotOptimize(wire::record_from(wire::to_json(record)));
}
BENCHMARK(send_a_record_over_the_wire);

/// The whole document, every task answered at once with what makes it go on. `take` gets the events
/// of each transition from state to state. False: it did not succeed.
template <class Take>
bool run_document(const std::shared_ptr<const states::Machine>& machine, const std::string& name,
                  Take take) {
  static const auto answer = states::parse_json(
      R"({"phase":"acquired","confirmed":true,"fenced":true,"action":"go_on","epoch":2,"first":[{"service":"a","count":1}],"singletons":[{"service":"b","count":1}]})");
  static const auto input =
      states::parse_json(R"({"kind":"failover","number":1,"from":"north","target":"south"})");
  states::Execution execution(machine, {.name = name});
  auto advanced = execution.advance(states::stimulus::Started{*input}, WallTime());
  std::vector<states::Command> todo = std::move(advanced.commands);
  take(std::move(advanced.events));
  while (!todo.empty()) {
    const states::Command next = todo.back();
    todo.pop_back();
    const auto* task = std::get_if<states::command::RunTask>(&next);
    if (task == nullptr) continue;
    auto more = execution.advance(states::stimulus::TaskSucceeded{task->task, *answer}, WallTime());
    for (auto& command : more.commands) todo.push_back(std::move(command));
    take(std::move(more.events));
  }
  return execution.status() == states::Status::succeeded;
}

void run_the_failover_document(benchmark::State& state) {
  const auto parsed = states::Machine::parse(failover_workflow());
  std::size_t events = 0;
  for (auto _ : state) {
    const bool succeeded =
        run_document(parsed.machine, "failover-bench-1",
                     [&](const std::vector<states::HistoryEvent>& more) { events += more.size(); });
    if (!succeeded) return state.SkipWithError("the execution did not succeed");
  }
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}
BENCHMARK(run_the_failover_document)->Unit(benchmark::kMicrosecond);

/// The same, and each transition is on the disk before the next: what the controller does.
void journal_the_failover_document(benchmark::State& state) {
  const Folder folder;
  auto journal = open_sqlite_journal(folder.file("controller.db"));
  if (!journal) return state.SkipWithError(journal.error().what.c_str());
  const std::string document(failover_workflow());
  const auto parsed = states::Machine::parse(document);
  std::uint64_t transitions = 0;
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::string name = "failover-bench-" + std::to_string(++number);
    bool written = (*journal)->begin({.name = name, .document = document}).ok();
    written = run_document(parsed.machine, name,
                           [&](std::vector<states::HistoryEvent> events) {
                             ++transitions;
                             written = written && (*journal)->append(name, std::move(events)).ok();
                           }) &&
              written;
    if (!written) return state.SkipWithError("the execution was not written down");
  }
  state.counters["transitions/s"] =
      benchmark::Counter(static_cast<double>(transitions), benchmark::Counter::kIsRate);
}
BENCHMARK(journal_the_failover_document)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace understudy
