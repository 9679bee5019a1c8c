// Every recorded case is run and compared with what Step Functions answered. A case that comes out
// otherwise must stand in known_failures.txt with its reason, and one that stands there must still
// come out otherwise.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "case.h"

namespace understudy::states::testing {
namespace {

const std::string kFolder = UNDERSTUDY_CONFORMANCE;

std::map<std::string, std::string> known_failures() {
  std::map<std::string, std::string> known;
  std::ifstream in(kFolder + "/known_failures.txt");
  std::string line;
  while (std::getline(in, line)) {
    const auto tab = line.find('\t');
    if (line.empty() || line.front() == '#') continue;
    EXPECT_NE(tab, std::string::npos) << "a known failure needs a reason: " << line;
    known.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return known;
}

struct Count {
  int passed = 0;
  int known = 0;
  int failed = 0;
  int skipped = 0;
};

class Score {
 public:
  void skip(const Case& recorded, const std::string& reason) {
    ++counts_[recorded.text("category")].skipped;
    fmt::print("skipped {}: {}\n", recorded.text("id"), reason);
  }

  void judge(const Case& recorded, const std::optional<std::string>& difference) {
    const auto id = recorded.text("id");
    auto& count = counts_[recorded.text("category")];
    const auto listed = known_.find(id);
    if (listed == known_.end()) {
      ++(difference ? count.failed : count.passed);
      EXPECT_FALSE(difference) << id << "\n  " << difference.value_or("");
      return;
    }
    ++(difference ? count.known : count.failed);
    EXPECT_TRUE(difference) << id << " passes now; take it off the list of known failures";
    fmt::print("known {}: {}\n    {}\n", id, listed->second, difference.value_or(""));
  }

  Count print() const {
    Count all;
    fmt::print("{:24} {:>7} {:>6} {:>7} {:>8}\n", "category", "passed", "known", "failed",
               "skipped");
    const auto line = [](const std::string& name, const Count& count) {
      fmt::print("{:24} {:7} {:6} {:7} {:8}\n", name, count.passed, count.known, count.failed,
                 count.skipped);
    };
    for (const auto& [category, count] : counts_) {
      line(category, count);
      all.passed += count.passed;
      all.known += count.known;
      all.failed += count.failed;
      all.skipped += count.skipped;
    }
    line("all", all);
    return all;
  }

 private:
  std::map<std::string, std::string> known_ = known_failures();
  std::map<std::string, Count> counts_;
};

/// What the runner cannot bring for this case.
std::string lacking(const Case& recorded) {
  const std::set<std::string> brought{"task-mocks", "clock",          "task-token",
                                      "sync-job",   "stop-execution", "frozen-clock"};
  for (const auto& need : recorded.texts("requires")) {
    if (!brought.contains(need)) return "needs " + need;
  }
  return "";
}

std::optional<std::string> outcome(const Case& recorded) {
  const auto parsed = Machine::parse_document(*recorded.member("definition"));
  if (!parsed.machine) return "refused: " + to_string(parsed.problems.front());
  const auto run = drive(recorded, parsed.machine);
  if (!run) return "waits for something that never comes";
  return difference(recorded, *run);
}

TEST(Conformance, executions_end_and_tell_their_history_as_on_step_functions) {
  const auto cases = read_cases(kFolder + "/execution.jsonl");
  ASSERT_GT(cases.size(), 600U);
  Score score;
  for (const auto& recorded : cases) {
    const auto lack = lacking(recorded);
    if (lack.empty()) {
      score.judge(recorded, outcome(recorded));
    } else {
      score.skip(recorded, lack);
    }
  }
  const auto all = score.print();
  EXPECT_GE(all.passed * 100, 95 * static_cast<int>(cases.size()));
}

TEST(Conformance, definitions_that_step_functions_refuses_are_refused) {
  const auto cases = read_cases(kFolder + "/invalid_definition.jsonl");
  ASSERT_GT(cases.size(), 50U);
  Score score;
  for (const auto& recorded : cases) {
    const auto parsed = Machine::parse_document(*recorded.member("definition"));
    std::optional<std::string> difference;
    if (parsed.machine) difference = "accepted";
    score.judge(recorded, difference);
  }
  score.print();
}

TEST(Conformance, every_known_failure_names_a_case_that_is_there) {
  std::set<std::string> ids;
  for (const auto* file : {"/execution.jsonl", "/invalid_definition.jsonl"}) {
    for (const auto& recorded : read_cases(kFolder + file)) ids.insert(recorded.text("id"));
  }
  for (const auto& [id, reason] : known_failures()) EXPECT_TRUE(ids.contains(id)) << id;
}

/// The comparison itself must notice: each recorded history is altered, and must no longer fit.
TEST(Conformance, an_altered_outcome_or_history_is_noticed) {
  const auto known = known_failures();
  std::size_t altered = 0;
  for (const auto& recorded : read_cases(kFolder + "/execution.jsonl")) {
    const auto machine = Machine::parse_document(*recorded.member("definition")).machine;
    if (!machine || known.contains(recorded.text("id"))) continue;
    const auto run = drive(recorded, machine);
    ASSERT_TRUE(run);
    auto other_end = *run;
    other_end.finished.status = Status::timed_out;
    EXPECT_TRUE(difference(recorded, other_end)) << recorded.text("id");
    if (!recorded.member("expected")->as_object().contains("history")) continue;
    for (std::size_t i = 0; i < run->events.size(); ++i) {
      auto shorter = *run;
      shorter.events.erase(shorter.events.begin() + static_cast<std::ptrdiff_t>(i));
      const bool dropped_anyway = recorded.member("history_ids") == nullptr &&
                                  to_string(run->events[i].type).starts_with("ParallelState");
      if (dropped_anyway) continue;
      EXPECT_TRUE(difference(recorded, shorter)) << recorded.text("id");
      ++altered;
    }
  }
  EXPECT_GT(altered, 1000U);
}

}  // namespace
}  // namespace understudy::states::testing
