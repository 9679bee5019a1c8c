// The simulated machines: clocks, freezing, dying, and what crosses between them.

#include <gmock/gmock.h>

#include <mutex>
#include <vector>

#include "simulation/dice.h"
#include "simulation/fiber.h"
#include "simulation/machine.h"
#include "simulation/network.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

class Machines : public testing::Test {
 protected:
  Machines() { process_.start(); }
  void run_for(Duration length) {
    const bool never = false;
    scheduler_.run_until(scheduler_.now() + length, never);
  }
  /// In a fiber of the process: waits so long, then notes the time.
  void note_after(Duration length) {
    process_.spawn([this, length] {
      (void)scheduler_.wait_until(scheduler_.now() + length);
      woke_.push_back(to_ms(scheduler_.now().time_since_epoch()));
    });
  }

  Scheduler scheduler_;
  Machine machine_{scheduler_, "north"};
  Process process_{machine_, "agent"};
  std::vector<std::int64_t> woke_;
};

}  // namespace

TEST_F(Machines, tell_of_a_rule_that_was_broken_in_a_fiber) {
  process_.spawn([this] {
    (void)scheduler_.wait_until(scheduler_.now() + milliseconds(1));
    throw BrokenRule{"one is one", "here", 1};
  });
  EXPECT_THROW(run_for(seconds(1)), BrokenRule);
  note_after(milliseconds(10));
  run_for(seconds(1));
  EXPECT_THAT(woke_, testing::SizeIs(1)) << "and the next body has a whole stack again";
}

TEST_F(Machines, wait_in_virtual_time_in_the_order_of_the_instants) {
  note_after(milliseconds(30));
  note_after(milliseconds(10));
  note_after(milliseconds(20));
  run_for(seconds(1));
  EXPECT_THAT(woke_, testing::ElementsAre(10, 20, 30));
}

TEST_F(Machines, have_clocks_that_drift_and_that_find_back_to_true_time) {
  for (const std::int64_t drift : {-50'000, -999, 0, 999, 50'000}) {
    machine_.set_clock(drift, {});
    run_for(seconds(7));
    for (const Duration ahead : {Duration(1), Duration(milliseconds(3)), Duration(seconds(100))}) {
      const BootTime goal = machine_.boot() + ahead;
      const TrueTime at = machine_.true_time(goal);
      EXPECT_GE(at, scheduler_.now());
      const double rate = static_cast<double>(ahead.count()) /
                          static_cast<double>((at - scheduler_.now()).count() + 1);
      EXPECT_NEAR(rate, ahead == Duration(1) ? rate : 1 + static_cast<double>(drift) / 1e6, 1e-3);
    }
  }
}

TEST_F(Machines, begin_a_new_boot_clock_when_they_reboot_and_keep_the_wall_clock) {
  run_for(seconds(100));
  const BootTime before = machine_.boot();
  const WallTime wall = machine_.wall();
  machine_.power_off();
  machine_.power_on();
  EXPECT_LT(machine_.boot(), before - seconds(90));
  EXPECT_EQ(machine_.wall(), wall);
  EXPECT_EQ(machine_.boots(), 2U);
}

TEST_F(Machines, that_are_frozen_do_what_is_due_once_they_are_thawed) {
  note_after(milliseconds(10));
  scheduler_.after(milliseconds(5), [this] { machine_.freeze(); });
  scheduler_.after(milliseconds(50), [this] { machine_.thaw(); });
  run_for(seconds(1));
  EXPECT_THAT(woke_, testing::ElementsAre(50));
}

TEST_F(Machines, that_die_unwind_what_runs_on_them_and_nothing_else_happens) {
  bool freed = false;
  process_.spawn([&] {
    const std::shared_ptr<void> held(nullptr, [&](void*) { freed = true; });
    (void)scheduler_.wait_until(scheduler_.now() + seconds(5));
    woke_.push_back(1);
  });
  run_for(seconds(1));
  machine_.power_off();
  EXPECT_TRUE(freed);
  run_for(seconds(10));
  EXPECT_TRUE(woke_.empty());
}

TEST_F(Machines, whose_process_stalls_in_a_lock_let_its_holder_go_on_first) {
  Dice dice(1);
  std::mutex lock;
  std::vector<int> order;
  process_.set_stalls(dice, 1, milliseconds(20));
  process_.spawn([&] {
    const std::lock_guard held(lock);
    for (int call = 0; call < 5; ++call) process_.maybe_stall();
    order.push_back(1);
  });
  process_.spawn([&] {
    const std::lock_guard held(lock);
    order.push_back(2);
  });
  scheduler_.after(milliseconds(1), [this] { machine_.freeze(); });
  scheduler_.after(milliseconds(500), [this] { machine_.thaw(); });
  run_for(seconds(2));
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
}

class Calls : public Machines {
 protected:
  Calls() { far_process_.start(); }
  Result<int> call(Duration patience = milliseconds(100)) {
    Result<int> got = Error{After::unknown, "not asked"};
    process_.spawn([&] {
      got = network_.call<Result<int>>(process_, far_process_, machine_.boot() + patience,
                                       [this](const auto& reply) { reply(++handled_); });
    });
    run_for(seconds(1));
    return got;
  }
  Dice dice_{7};
  Network network_{scheduler_, dice_};
  Machine far_{scheduler_, "south"};
  Process far_process_{far_, "registry"};
  int handled_ = 0;
};

TEST_F(Calls, are_answered) {
  const auto answer = call();
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 1);
}

TEST_F(Calls, whose_answer_is_lost_were_carried_out_and_are_not_known_of) {
  network_.link(far_, machine_).cut = true;
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().after, After::unknown);
  EXPECT_EQ(handled_, 1);
}

TEST_F(Calls, whose_request_is_lost_are_not_known_of_either) {
  network_.link(machine_, far_).cut = true;
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().after, After::unknown);
  EXPECT_EQ(handled_, 0);
}

TEST_F(Calls, to_a_dead_process_are_refused_at_once_and_to_a_dead_machine_never) {
  far_process_.kill();
  auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().after, After::unchanged_retry);
  far_.power_off();
  answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().after, After::unknown);
}

TEST_F(Calls, may_be_repeated_on_the_way_and_count_once_for_the_caller) {
  network_.link(machine_, far_).repeat_ppm = 1'000'000;
  const auto answer = call();
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 1);
  EXPECT_EQ(handled_, 2);
}

TEST_F(Calls, reach_a_frozen_process_when_it_is_thawed) {
  far_process_.freeze();
  scheduler_.after(milliseconds(50), [this] { far_process_.thaw(); });
  const auto answer = call();
  ASSERT_TRUE(answer);
}

}  // namespace understudy::simulation
