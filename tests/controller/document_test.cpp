// The workflow document and the steps belong together, both ways.

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "control_room.h"
#include "controller/workflows.h"
#include "states/machine.h"

namespace understudy::fake {

namespace {

std::vector<std::string> all_documents() {
  std::vector<std::string> documents;
  for (const auto& entry :
       std::filesystem::directory_iterator(UNDERSTUDY_SOURCE_DIR "/workflows")) {
    if (entry.path().string().ends_with(".asl.json")) documents.push_back(entry.path().string());
  }
  return documents;
}

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::set<std::string> steps_in(const std::string& document) {
  const auto parsed = states::Machine::parse(document);
  EXPECT_TRUE(parsed.machine);
  const auto names = steps_named_in(*parsed.machine, document);
  return {names.begin(), names.end()};
}

}  // namespace

TEST(Documents, have_no_problem) {
  ASSERT_FALSE(all_documents().empty());
  for (const std::string& file : all_documents()) {
    for (const auto& problem : states::Machine::parse(text_of(file)).problems)
      ADD_FAILURE() << file << ": " << to_string(problem);
  }
}

TEST(Documents, are_built_into_the_program_as_they_are) {
  EXPECT_EQ(failover_workflow(), failover_document());
  EXPECT_EQ(switchover_workflow(), workflow("switchover"));
  EXPECT_EQ(rejoin_workflow(), workflow("rejoin"));
}

TEST(Documents, name_only_steps_that_there_are_and_every_step_is_named) {
  std::set<std::string> named;
  std::size_t tasks = 0;
  for (const std::string& file : all_documents()) {
    const std::string text = text_of(file);
    named.merge(steps_in(text));
    const auto machine = states::Machine::parse(text).machine;
    const auto count =
        std::count_if(machine->states().begin(), machine->states().end(),
                      [](const auto& state) { return state.type == states::StateType::task; });
    EXPECT_EQ(steps_named_in(*machine, text).size(), static_cast<std::size_t>(count))
        << file << ": every Task names its step";
    tasks += static_cast<std::size_t>(count);
  }
  std::set<std::string> known;
  for (const Step& step : all_steps()) known.emplace(step.name);
  EXPECT_EQ(named, known);
  EXPECT_GE(tasks, known.size());
}

TEST(Documents, end_in_an_abort_only_before_the_point_of_no_return) {
  // Once it is recorded, from PromoteDatabase on, no state may lead to AbortTransition, nor fail
  // the execution.
  for (const char* name : {"failover", "switchover"}) {
    const auto document = boost::json::parse(workflow(name)).as_object();
    const auto& states = document.at("States").as_object();
    std::set<std::string> after;
    std::vector<std::string> to_visit = {"PromoteDatabase"};
    while (!to_visit.empty()) {
      const std::string visited = to_visit.back();
      to_visit.pop_back();
      if (!after.insert(visited).second) continue;
      const auto& state = states.at(visited).as_object();
      if (const auto* next = state.if_contains("Next")) to_visit.emplace_back(next->as_string());
      for (const char* many : {"Catch", "Choices"}) {
        const auto* branches = state.if_contains(many);
        if (branches == nullptr) continue;
        for (const auto& branch : branches->as_array())
          to_visit.emplace_back(branch.as_object().at("Next").as_string());
      }
    }
    EXPECT_FALSE(after.contains("AbortTransition")) << name;
    EXPECT_FALSE(after.contains("Aborted")) << name;
    EXPECT_TRUE(after.contains("CompleteTransition")) << name;
  }
}

TEST(Documents, of_every_move_are_the_same_from_the_point_of_no_return_on) {
  const auto failover = failover_object();
  const auto switchover = boost::json::parse(workflow("switchover")).as_object();
  for (const char* state :
       {"PassPointOfNoReturn", "PromoteDatabase", "SwitchActiveRegion", "PlanServices", "BringUp",
        "VerifyRecovery", "CompleteTransition", "AbortTransition"}) {
    EXPECT_EQ(failover.at("States").as_object().at(state),
              switchover.at("States").as_object().at(state))
        << state;
  }
}

}  // namespace understudy::fake
