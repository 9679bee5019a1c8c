#pragma once
// What is known of a history besides its state: the story, the rare branches it reached, and the
// promises it broke.

#include <fmt/format.h>

#include <array>
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/scheduler.h"

namespace understudy::simulation {

/// Rare branches. A long run that never reached one of them proves less than it seems to.
enum class Mark : std::uint8_t {
  failed_over,
  failover_aborted,
  fenced_by_acknowledgement,
  fenced_by_lease_end,
  operator_asked,
  operator_approved,
  operator_declined,
  promotion_reply_lost,
  promotion_failed,
  promotion_slow,
  registry_answer_lost,
  registry_restarted,
  registry_recovered,
  controller_crashed,
  controller_crashed_in_transition,
  execution_resumed,
  transition_adopted,
  agent_crashed,
  agent_stalled_with_page_open,
  lease_ran_out,
  commit_refused_by_page,
  acknowledgement_withheld,
  orders_lost_within_budget,
  old_region_thawed_after_promotion,
  old_region_returned_after_promotion,
  wall_clock_jumped,
  standby_lost_before_promotion,
  standby_detached,
  standby_attached,
  standby_lost_after_point_of_no_return,
  agent_disk_wiped,
  cron_moved,
  request_repeated,
  person_asked_at_the_end,
  refused_in_maintenance,
  refused_while_off,
  refused_since_declined,
  asked_by_the_switch,
  asked_for_acknowledgement,
  asked_within_the_interval,
  question_withdrawn,
  not_begun_after_all,
  maintenance_ran_out,
  order_unanswered,
  agent_disk_failed,
  agent_kept_from_starting,
  agent_stopped,
  agent_hung,
  rewound,
  copied_anew,
  rebuild_failed,
  rebuild_interrupted,
  lost_tail_kept,
  rejoin_ordered,
  rejoined,
  switched_over,
  failed_back,
  failback_approved,
  failback_declined,
  failover_forced,
  failed_over_again,
  moved_more_than_once,
  execution_paused,
  execution_retried,
  execution_cancelled,
  step_skipped,
  made_ungraceful,
  planned_move_aborted,
  commits_held,
  commits_let_go_at_last,
  waited_at_edge,
  forbidden_change_refused,
  kCount,
};

[[nodiscard]] std::string_view to_string(Mark mark);

using Marks = std::bitset<static_cast<std::size_t>(Mark::kCount)>;

/// A promise that was broken, seen from outside the product.
struct Violation {
  std::string invariant;  ///< "I1" … "I10", "liveness"
  std::string what;
  TrueTime at;
};

class Chronicle {
 public:
  Chronicle(const Scheduler& scheduler, bool told) : scheduler_(scheduler), told_(told) {}

  void reached(Mark mark) { marks_.set(static_cast<std::size_t>(mark)); }
  [[nodiscard]] const Marks& marks() const { return marks_; }

  /// Whether anybody reads the story: what costs time to say is said only then.
  [[nodiscard]] bool told() const { return told_; }
  template <class... Arguments>
  void tell(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (told_)
      story_.push_back(
          {scheduler_.now(), fmt::format(text, std::forward<Arguments>(arguments)...)});
  }

  struct Line {
    TrueTime at;
    std::string text;
  };
  [[nodiscard]] const std::vector<Line>& story() const { return story_; }

  void broken(std::string invariant, std::string what) {
    tell("BROKEN {}: {}", invariant, what);
    violations_.push_back({std::move(invariant), std::move(what), scheduler_.now()});
  }
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }

 private:
  const Scheduler& scheduler_;
  const bool told_;
  Marks marks_;
  std::vector<Line> story_;
  std::vector<Violation> violations_;
};

}  // namespace understudy::simulation
