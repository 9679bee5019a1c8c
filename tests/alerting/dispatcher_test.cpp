// Queues, retries, losses and tests, in virtual time, with targets that fail as told.

#include "alerting/dispatcher.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "system/kernel.h"
#include "tests/recovery/fakes.h"

namespace understudy::alerting {

namespace {

using namespace std::chrono_literals;
using fake::FakeEvents;
using fake::Stage;

/// Somebody's pager: it can be slow, refuse, or be out of reach.
struct Pager {
  std::vector<Message> got;
  unsigned attempts = 0;
  Duration takes{};
  std::optional<After> fails;
};

class PagerDelivery final : public Delivery {
 public:
  PagerDelivery(Stage& stage, Pager& pager) : stage_(stage), pager_(pager) {}
  Result<Done> deliver(const Message& message) override {
    ++pager_.attempts;
    stage_.run_for(pager_.takes);
    if (pager_.fails) return Error{*pager_.fails, "it is broken"};
    pager_.got.push_back(message);
    return Done{};
  }

 private:
  Stage& stage_;
  Pager& pager_;
};

class Dispatch : public testing::Test {
 protected:
  Dispatch() {
    std::vector<Target> targets;
    targets.push_back({"ada", "command", std::make_unique<PagerDelivery>(stage_, ada_)});
    targets.push_back({"grace", "mail", std::make_unique<PagerDelivery>(stage_, grace_)});
    dispatcher_.emplace("shop", 1h, std::move(targets), events_, stage_, stage_);
  }
  void raise(const std::string& key) {
    dispatcher_->raise(
        {.subject = key + " happened", .done = "nothing", .ask = "look", .key = key});
  }
  [[nodiscard]] boost::json::object seen(std::size_t target) const {
    return dispatcher_->view().at(target).as_object();
  }

  Stage stage_;
  FakeEvents events_{stage_};
  Pager ada_;
  Pager grace_;
  std::optional<Dispatcher> dispatcher_;
};

/// Of real threads: one delivers, the other fails for ever.
class Counting final : public Delivery {
 public:
  Counting(std::atomic<unsigned>& count, bool fails) : count_(count), fails_(fails) {}
  Result<Done> deliver(const Message&) override {
    ++count_;
    if (fails_) return Error{After::unchanged_retry, "it is broken"};
    return Done{};
  }

 private:
  std::atomic<unsigned>& count_;
  const bool fails_;
};

class CountingEvents final : public Events {
 public:
  void emit(std::string_view, boost::json::object) override { ++count; }
  std::atomic<unsigned> count{0};
};

}  // namespace

TEST(DispatchOfRealThreads, takes_alerts_from_many_and_ends_at_once_amid_retries) {
  std::atomic<unsigned> delivered{0};
  std::atomic<unsigned> failed{0};
  CountingEvents events;
  const auto clock = make_kernel_clock();
  const auto tasks = make_threads();
  std::vector<Target> targets;
  targets.push_back({"ada", "command", std::make_unique<Counting>(delivered, false)});
  targets.push_back({"grace", "command", std::make_unique<Counting>(failed, true)});
  Dispatcher dispatcher("shop", 1h, std::move(targets), events, *clock, *tasks);
  std::vector<std::thread> raisers;
  for (int raiser = 0; raiser < 4; ++raiser) {
    raisers.emplace_back([&dispatcher, raiser] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = std::to_string(raiser) + "." + std::to_string(i);
        dispatcher.raise({.subject = key, .done = "nothing", .ask = "", .key = key});
        (void)dispatcher.view();
      }
    });
  }
  for (std::thread& raiser : raisers) raiser.join();
  EXPECT_EQ(dispatcher.test("", "ada").size(), 2U);
  while (delivered < 81) std::this_thread::yield();
  EXPECT_GE(failed, 1U);
}

TEST_F(Dispatch, brings_each_alert_to_every_target_once) {
  raise("one");
  raise("one");
  raise("two");
  stage_.run_for(1s);
  ASSERT_EQ(ada_.got.size(), 2U);
  ASSERT_EQ(grace_.got.size(), 2U);
  EXPECT_EQ(ada_.got[0].alert.subject, "one happened");
  EXPECT_EQ(ada_.got[0].platform, "shop");
  EXPECT_EQ(events_.count("alert.raised"), 2U);
  EXPECT_EQ(events_.count("alert.delivered"), 4U);
}

TEST_F(Dispatch, makes_nobody_wait_for_a_target_that_hangs) {
  ada_.takes = 10min;
  const BootTime before = stage_.boot();
  for (int i = 0; i < 50; ++i) raise(std::to_string(i));
  EXPECT_EQ(stage_.boot(), before) << "whoever raises goes on at once";
  stage_.run_for(1s);
  EXPECT_EQ(grace_.got.size(), 50U) << "and so do the other targets";
  ada_.takes = {};
}

TEST_F(Dispatch, tries_again_ever_less_often_until_it_gets_through) {
  ada_.fails = After::unchanged_retry;
  raise("one");
  stage_.run_for(4s);
  EXPECT_EQ(ada_.attempts, 3U) << "at 0, 1 and 3 s";
  EXPECT_EQ(seen(0).at("problem"), "it is broken");
  EXPECT_EQ(seen(0).at("waiting"), 1);
  ada_.fails.reset();
  stage_.run_for(1min);
  EXPECT_EQ(ada_.got.size(), 1U);
  EXPECT_EQ(seen(0).at("delivered"), 1);
  EXPECT_EQ(seen(0).at("problem"), "");
  EXPECT_EQ(events_.count("alert.lost"), 0U);
}

TEST_F(Dispatch, gives_up_after_a_quarter_of_an_hour_visibly_and_tells_the_others) {
  ada_.fails = After::unknown;
  raise("one");
  stage_.run_for(20min);
  EXPECT_EQ(events_.count("alert.lost"), 1U);
  EXPECT_EQ(events_.last("alert.lost").fields.at("target"), "ada");
  EXPECT_EQ(seen(0).at("lost"), 1);
  EXPECT_EQ(seen(0).at("waiting"), 0);
  ASSERT_EQ(grace_.got.size(), 2U);
  EXPECT_EQ(grace_.got[1].alert.subject, "alerts do not reach ada");
}

TEST_F(Dispatch, does_not_try_again_what_was_refused_for_good) {
  ada_.fails = After::unchanged_final;
  raise("one");
  raise("two");
  stage_.run_for(1min);
  EXPECT_EQ(ada_.attempts, 2U);
  EXPECT_EQ(seen(0).at("lost"), 2);
  EXPECT_EQ(grace_.got.size(), 3U) << "both, and once that ada is not reached";
}

TEST_F(Dispatch, to_nobody_who_can_be_reached_does_not_tell_of_losses_for_ever) {
  ada_.fails = grace_.fails = After::unchanged_final;
  raise("one");
  stage_.run_for(1h);
  EXPECT_LE(ada_.attempts + grace_.attempts, 4U);
}

TEST_F(Dispatch, drops_the_oldest_of_more_than_a_hundred) {
  ada_.fails = After::unchanged_retry;
  raise("first");
  stage_.run_for(100ms);  // under way
  for (int i = 0; i < 110; ++i) {
    raise(std::to_string(i));
    stage_.run_for(1ms);
  }
  EXPECT_EQ(seen(0).at("waiting"), 100);
  EXPECT_EQ(seen(0).at("lost"), 11);
  ada_.fails.reset();
  stage_.run_for(1min);
  ASSERT_EQ(ada_.got.size(), 100U);
  EXPECT_EQ(ada_.got[0].alert.key, "first") << "what was under way stayed";
  EXPECT_EQ(ada_.got[1].alert.key, "11");
  EXPECT_EQ(ada_.got[99].alert.key, "109");
}

TEST_F(Dispatch, loses_nothing_silently_when_it_is_stopped) {
  ada_.fails = After::unchanged_retry;
  raise("one");
  stage_.run_for(100ms);
  dispatcher_->stop();
  EXPECT_EQ(events_.count("alert.lost"), 1U);
  dispatcher_.reset();
  EXPECT_EQ(grace_.got.size(), 1U);
}

TEST_F(Dispatch, tests_each_target_now_whatever_waits_and_says_which_failed) {
  ada_.fails = After::unchanged_retry;
  raise("one");
  stage_.run_for(1s);
  const auto tested = dispatcher_->test("", "grace");
  ASSERT_EQ(tested.size(), 2U);
  EXPECT_EQ(tested[0].name, "ada");
  EXPECT_EQ(tested[0].problem, "it is broken");
  EXPECT_EQ(tested[1].problem, "");
  EXPECT_TRUE(grace_.got.back().test);
  EXPECT_EQ(dispatcher_->test("grace", "ada").size(), 1U);
  EXPECT_TRUE(dispatcher_->test("nobody", "ada").empty());
}

TEST_F(Dispatch, of_a_test_waits_no_longer_than_for_one_attempt) {
  ada_.takes = 10min;
  const BootTime before = stage_.boot();
  const auto tested = dispatcher_->test("ada", "grace");
  ASSERT_EQ(tested.size(), 1U);
  EXPECT_EQ(tested[0].problem, "no answer in time");
  EXPECT_LE(stage_.boot() - before, 15s);
  stage_.run_for(10min);  // the attempt ends, and its pager is still there
  EXPECT_EQ(ada_.got.size(), 1U);
}

}  // namespace understudy::alerting
