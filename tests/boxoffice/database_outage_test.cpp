// The database goes away in several ways and comes back: what buyers are told, and that the
// service recovers by itself.

#include <signal.h>

#include <future>

#include "stack.h"

namespace understudy::test {
namespace {

class DatabaseOutage : public Stack {
 protected:
  std::string key(const std::string& name) const { return name + "-" + std::to_string(event()); }
  static pid_t blocked_backend() {
    return static_cast<pid_t>(
        database().count("SELECT pid FROM pg_stat_activity"
                         " WHERE usename = 'boxoffice' AND wait_event_type = 'Lock'"));
  }
  std::unique_ptr<Boxoffice> web_ = start_web();
};

TEST_F(DatabaseOutage, a_terminated_session_refuses_for_certain) {
  const auto lock = lock_seat(1);
  auto buying = std::async([this] { return web_->buy(key("ended"), event(), 1); });
  await_blocked();
  database().run("SELECT pg_terminate_backend(" + std::to_string(blocked_backend()) + ")");
  const auto answer = buying.get();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.text("outcome"), "refused");
  ASSERT_TRUE(lock->run_script("ROLLBACK", 5s).ok());
  EXPECT_EQ(orders(), 0);
  EXPECT_EQ(web_->buy(key("ended"), event(), 1).status, 201U);
}

TEST_F(DatabaseOutage, a_database_that_crashes_under_a_purchase_leaves_it_unknown) {
  {
    const auto lock = lock_seat(2);
    auto buying = std::async([this] { return web_->buy(key("crash"), event(), 2); });
    await_blocked();
    const pid_t backend = blocked_backend();
    ASSERT_GT(backend, 1);
    kill(backend, SIGKILL);  // PostgreSQL then restarts all of itself
    const auto answer = buying.get();
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.text("outcome"), "unknown");
  }
  EXPECT_TRUE(eventually([this] { return web_->buy(key("crash"), event(), 2).status == 201; }));
}

TEST_F(DatabaseOutage, a_restart_in_place_is_recovered_from_without_help) {
  database().stop_immediately();
  EXPECT_EQ(web_->get("/ready").status, 503U);
  const auto away = web_->buy(key("restart"), event());
  EXPECT_EQ(away.status, 503U);
  EXPECT_EQ(away.text("outcome"), "refused");
  database().start();
  const auto back = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([this] { return web_->buy(key("restart"), event()).status == 201; }));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - back;
  RecordProperty("recovered_ms", std::to_string(took.count()));
  std::printf("             first order %.0f ms after the database was up again\n", took.count());
}

TEST_F(DatabaseOutage, a_standby_is_not_ready_and_sells_nothing) {
  database().stop_immediately();
  database().become_standby(true);
  database().start();
  EXPECT_TRUE(eventually(
      [this] { return web_->get("/ready").text("why").find("standby") != std::string::npos; }));
  const auto refused = web_->buy(key("standby"), event());
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.text("outcome"), "refused");
  EXPECT_EQ(web_->get("/api/events/1").status, 200U);
  database().stop_immediately();
  database().become_standby(false);
  database().start();
  EXPECT_TRUE(eventually([this] { return web_->ready(); }));
}

// Every process of the server is stopped: connections are taken by the kernel, nobody answers.
TEST_F(DatabaseOutage, a_frozen_database_is_noticed_within_the_limits) {
  // So that the session which is lent next has the statement prepared: a server that freezes before
  // that leaves nothing unknown.
  EXPECT_TRUE(eventually([this] { return web_->buy(key("warm"), event()).status < 300; }));
  database().signal(SIGSTOP);
  const auto ready = web_->get("/ready");
  EXPECT_EQ(ready.status, 503U);
  const auto buying = web_->buy(key("frozen"), event());
  EXPECT_EQ(buying.status, 503U);
  EXPECT_EQ(buying.text("outcome"), "unknown");
  EXPECT_EQ(web_->get("/live").status, 200U);
  database().signal(SIGCONT);
  EXPECT_TRUE(eventually([this] { return web_->ready(); }));
  EXPECT_TRUE(eventually([this] {
    const auto again = web_->buy(key("frozen"), event());
    return again.status == 200 || again.status == 201;
  }));
  EXPECT_EQ(orders(), 2);
}

}  // namespace
}  // namespace understudy::test
