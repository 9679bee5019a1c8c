// The libpq wrapper against a real server: deadlines hold, and errors say what they left behind.

#include <signal.h>

#include "stack.h"

namespace understudy::test {
namespace {

class Postgres : public Stack {
 protected:
  static postgres::Connection open() {
    auto session = postgres::Connection::open(database().as_superuser(), 5s);
    EXPECT_TRUE(session.ok()) << session.error().what;
    return std::move(session).value();
  }
  postgres::Connection session_ = open();
};

TEST_F(Postgres, rows_nulls_and_parameters_pass) {
  const auto rows = session_.run("SELECT $1::text, $2::int + 1, NULL", {"a", "41"}, 5s);
  ASSERT_TRUE(rows.ok()) << rows.error().what;
  EXPECT_EQ(rows->at(0, 0), "a");
  EXPECT_EQ(rows->number(0, 1), 42);
  EXPECT_EQ(rows->rows[0][2], std::nullopt);
  const auto null = session_.run("SELECT $1::text IS NULL", {std::nullopt}, 5s);
  EXPECT_EQ(null->at(0, 0), "t");
}

TEST_F(Postgres, affected_rows_are_counted) {
  ASSERT_TRUE(session_.run_script("CREATE TEMP TABLE t (n int)", 5s).ok());
  EXPECT_EQ(session_.run("INSERT INTO t SELECT generate_series(1, 3)", {}, 5s)->affected, 3U);
  EXPECT_EQ(session_.run("UPDATE t SET n = 0 WHERE n > 1", {}, 5s)->affected, 2U);
}

TEST_F(Postgres, a_prepared_statement_is_prepared_once) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(
        session_.run_prepared("same", "SELECT $1::int", {std::to_string(i)}, 5s)->number(0, 0), i);
  EXPECT_EQ(session_.run("SELECT count(*) FROM pg_prepared_statements", {}, 5s)->number(0, 0), 1);
}

TEST_F(Postgres, a_refusal_is_final_and_the_session_goes_on) {
  const auto wrong = session_.run("SELECT nothing", {}, 5s);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().after, After::unchanged_final);
  EXPECT_EQ(session_.sqlstate(), "42703");
  EXPECT_TRUE(session_.connected());
  EXPECT_TRUE(session_.run("SELECT 1", {}, 5s).ok());
  EXPECT_EQ(session_.sqlstate(), "");
}

TEST_F(Postgres, what_may_be_tried_later_is_told_apart) {
  const auto locked = session_.run("SELECT 1 FROM seats WHERE event = $1 AND seat = 1 FOR UPDATE",
                                   {std::to_string(event())}, 5s);
  const auto lock = lock_seat(1);
  const auto busy =
      session_.run("SELECT 1 FROM seats WHERE event = $1 AND seat = 1 FOR UPDATE NOWAIT",
                   {std::to_string(event())}, 5s);
  EXPECT_TRUE(locked.ok());
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().after, After::unchanged_retry);
}

// The statement has been answered already when its commit fails.
TEST_F(Postgres, a_failing_commit_is_not_taken_for_success) {
  ASSERT_TRUE(session_
                  .run_script("CREATE TEMP TABLE d (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
                              "INSERT INTO d VALUES (1)",
                              5s)
                  .ok());
  const auto twice = session_.run("INSERT INTO d VALUES ($1)", {"1"}, 5s);
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().after, After::unchanged_final);
  EXPECT_EQ(session_.sqlstate(), "23505");
}

// Ended by its own hand, in the middle of the statement: the server says so before it hangs up.
TEST_F(Postgres, a_session_terminated_in_a_statement_has_refused_it) {
  const auto ended = session_.run("SELECT pg_terminate_backend(pg_backend_pid())", {}, 5s);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().after, After::unchanged_retry);
  EXPECT_EQ(session_.sqlstate(), "57P01");
  EXPECT_FALSE(session_.connected());
}

TEST_F(Postgres, a_deadline_leaves_it_unknown_and_ends_the_session) {
  const auto late = session_.run("SELECT pg_sleep(30)", {}, 50ms);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().after, After::unknown);
  EXPECT_FALSE(session_.connected());
  const auto after = session_.run("SELECT 1", {}, 5s);
  ASSERT_FALSE(after.ok());
  EXPECT_EQ(after.error().after, After::unchanged_retry);
}

TEST_F(Postgres, a_session_ended_at_rest_is_noticed) {
  const auto id = session_.run("SELECT pg_backend_pid()", {}, 5s);
  database().run("SELECT pg_terminate_backend(" + id->at(0, 0) + ")");
  EXPECT_TRUE(eventually([this] { return !session_.connected(); }));
}

TEST_F(Postgres, nobody_listens) {
  const auto session = postgres::Connection::open(
      "host=127.0.0.1 port=" + std::to_string(free_port()) + " password=hidden", 5s);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().after, After::unchanged_retry);
  EXPECT_EQ(session.error().what.find("hidden"), std::string::npos);
  EXPECT_EQ(session.error().what.find('\n'), std::string::npos);
}

TEST_F(Postgres, a_frozen_server_holds_nobody_longer_than_the_deadline) {
  database().signal(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  const auto opened = postgres::Connection::open(database().as_superuser(), 100ms);
  const auto answered = session_.run("SELECT 1", {}, 100ms);
  const auto took = std::chrono::steady_clock::now() - began;
  database().signal(SIGCONT);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().after, After::unchanged_retry);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().after, After::unknown);
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 10s);
}

TEST_F(Postgres, a_script_is_one_transaction) {
  EXPECT_FALSE(session_.run_script("CREATE TABLE half (n int); SELECT nothing", 5s).ok());
  EXPECT_EQ(database().count("SELECT count(*) FROM pg_class WHERE relname = 'half'"), 0);
  const auto last = session_.run_script("SELECT 1; SELECT 2", 5s);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->number(0, 0), 2);
}

}  // namespace
}  // namespace understudy::test
