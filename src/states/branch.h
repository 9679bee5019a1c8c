#pragma once
// Where an execution stands: one Branch for the machine, one more for each branch or iteration that
// runs inside it. Internal to this library.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "states/execution.h"
#include "states/scope.h"
#include "states/state.h"

namespace understudy::states {

struct Branch;

/// A running Parallel or Map.
struct FanOut {
  std::vector<std::unique_ptr<Branch>> branches;  ///< By index; null before its turn.
  std::vector<std::optional<Data>> results;  ///< By index; none if it failed and was tolerated.
  Data items;                                ///< Of a Map.
  std::size_t total = 0;
  std::size_t next = 0;  ///< The first that has not begun.
  std::size_t live = 0;
  std::size_t failed = 0;
  std::size_t live_max = 0;
  std::optional<std::size_t> failed_max;  ///< None: the first failure fails the Map.
};

/// One attempt of a Task.
struct Attempt {
  std::uint64_t scheduled = 0;  ///< Id of its …Scheduled event.
  std::string token;
  std::string role_arn;
  Data parameters;
  std::optional<WallTime> deadline;
  std::optional<std::chrono::seconds> heartbeat;
  std::optional<Data> submitted;
};

enum class Waits : std::uint8_t {
  to_be_entered,
  for_timer,
  for_task,
  for_retry,
  for_branches,
  over
};

struct Branch {
  Branch(Branch* around, std::size_t place, const Flow& runs, std::uint64_t after)
      : parent(around),
        index(place),
        flow(&runs),
        last_event(after),
        variables(around == nullptr ? nullptr : &around->variables) {}

  Branch* parent;
  std::size_t index;  ///< Among its siblings.
  const Flow* flow;
  const State* state = nullptr;
  Waits waits = Waits::to_be_entered;

  Data input;      ///< As the state was entered with.
  Data effective;  ///< After InputPath.
  std::uint64_t entered = 0;
  WallTime entered_at;
  std::uint64_t begun_after = 0;  ///< The last event before the present attempt.
  std::uint64_t last_event;
  Variables variables;
  std::optional<Data> item;  ///< Of a Map's iteration.

  std::vector<std::int64_t> retries;  ///< Used up, by retrier.
  std::int64_t retry_count = 0;

  Attempt attempt;
  std::unique_ptr<FanOut> fan;
};

}  // namespace understudy::states
