// After commit: what tells of a commit does not leave once the page is no longer open, whatever
// held it up; and only that client's connection pays for it.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "scratch_postgres.h"

namespace understudy::fence_test {
namespace {

class Withheld : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ScratchPostgres>();
    server_->page().promise_without_end();
    auto admin = server_->connect();
    ASSERT_TRUE(admin.run("CREATE TABLE orders (what text)").ok());
    ASSERT_TRUE(admin
                    .run("CREATE PROCEDURE buy_and_wait() LANGUAGE plpgsql AS $$ BEGIN "
                         "INSERT INTO orders VALUES ('procedure'); COMMIT; RAISE NOTICE 'half'; "
                         "PERFORM pg_advisory_lock(1); END $$")
                    .ok());
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    server_->page().promise_without_end();
    mark_ = server_->log().size();
    bystander_.emplace(server_->connect());
    ASSERT_TRUE(bystander_->run("BEGIN; INSERT INTO orders VALUES ('bystander')").ok());
    ASSERT_TRUE(gate_.run("SELECT pg_advisory_lock(1)").ok());
  }

  // Whatever was cut, the server has not restarted and everybody else goes on.
  void TearDown() override {
    server_->page().promise_without_end();
    server_->release_commits();
    EXPECT_TRUE(bystander_->run("COMMIT").ok());
    EXPECT_EQ(kill(server_->postmaster(), 0), 0);
    const auto log = server_->log(mark_);
    for (const auto* bad : {"PANIC", "terminating any other active server", "terminated by signal"})
      EXPECT_EQ(log.find(bad), std::string::npos) << log;
  }

  void deadline_passes() {
    server_->page().promise(milliseconds(20));
    server_->page().outlast();
  }

  /// A session that waits inside the commit of `sql` for a standby that nobody serves.
  Session held_in_commit(const std::string& sql, const std::string& more = "") {
    server_->hold_commits();
    auto buyer = server_->connect("admin", more);
    EXPECT_TRUE(buyer.run("SET synchronous_commit = on").ok());
    buyer.send(sql);
    EXPECT_TRUE(server_->waits_in_commit(buyer.backend()));
    return buyer;
  }

  /// A session that has sent `sql` and waits in it for the gate, after a commit.
  Session held_at_gate(const std::string& sql) {
    auto buyer = server_->connect();
    buyer.send(sql);
    EXPECT_TRUE(eventually([&] { return server_->waits_for(buyer.backend(), "advisory"); }));
    return buyer;
  }
  void open_gate() { EXPECT_TRUE(gate_.run("SELECT pg_advisory_unlock(1)").ok()); }

  static void expect_cut(Session& client) {
    const auto answer = client.receive();
    EXPECT_EQ(answer.kind, Answer::Kind::cut) << answer.message;
    EXPECT_EQ(answer.results, 0);
  }
  static std::string count(const std::string& what) {
    return server_->connect().value("SELECT count(*) FROM orders WHERE what = '" + what + "'");
  }
  [[nodiscard]] bool logged(const std::string& text) const {
    return eventually([&] { return server_->log(mark_).find(text) != std::string::npos; });
  }
  [[nodiscard]] static bool ends(pid_t backend) {
    return eventually([&] {
      return server_->connect().value(fmt::format(
                 "SELECT count(*) FROM pg_stat_activity WHERE pid = {}", backend)) == "0";
    });
  }

  static inline std::unique_ptr<ScratchPostgres> server_;
  std::optional<Session> bystander_;
  Session gate_ = server_->connect();
  std::size_t mark_ = 0;
};

TEST_F(Withheld, when_the_deadline_passes_inside_the_commit) {
  auto buyer = held_in_commit("INSERT INTO orders VALUES ('late')");
  deadline_passes();
  server_->release_commits();
  expect_cut(buyer);
  EXPECT_EQ(count("late"), "1") << "committed here; the client does not know";
  EXPECT_TRUE(logged("committed but not acknowledged: the writer lease has run out"))
      << server_->log(mark_);
  EXPECT_TRUE(ends(buyer.backend()));
}

TEST_F(Withheld, when_the_page_is_closed_inside_the_commit) {
  auto buyer = held_in_commit("INSERT INTO orders VALUES ('fenced')");
  server_->page().close();
  server_->release_commits();
  expect_cut(buyer);
}

TEST_F(Withheld, when_the_backend_is_frozen_over_the_deadline) {
  auto buyer = held_in_commit("INSERT INTO orders VALUES ('frozen')");
  ASSERT_EQ(kill(buyer.backend(), SIGSTOP), 0);
  deadline_passes();
  server_->release_commits();
  ASSERT_EQ(kill(buyer.backend(), SIGCONT), 0);
  expect_cut(buyer);
  EXPECT_EQ(count("frozen"), "1");
  EXPECT_TRUE(ends(buyer.backend()));
}

TEST_F(Withheld, but_not_when_the_lease_was_renewed_before_the_answer) {
  auto buyer = held_in_commit("INSERT INTO orders VALUES ('renewed')");
  deadline_passes();
  server_->page().promise(std::chrono::minutes(1));
  server_->release_commits();
  EXPECT_TRUE(buyer.receive().ok());
}

TEST_F(Withheld, over_tls) {
  auto buyer = held_in_commit("INSERT INTO orders VALUES ('tls')", kTls);
  deadline_passes();
  server_->release_commits();
  expect_cut(buyer);
  EXPECT_EQ(count("tls"), "1");
}

// The warning "the transaction has already committed locally" is an acknowledgement as well.
TEST_F(Withheld, when_the_wait_inside_the_commit_is_cancelled) {
  for (const std::string way : {"pg_cancel_backend", "pg_terminate_backend"}) {
    auto buyer = held_in_commit("INSERT INTO orders VALUES ('" + way + "')");
    deadline_passes();
    gate_.run(fmt::format("SELECT {}({})", way, buyer.backend()));
    expect_cut(buyer);
    EXPECT_EQ(buyer.notices(), "") << way;
    EXPECT_EQ(count(way), "1");
    server_->page().promise_without_end();
  }
}

TEST_F(Withheld, for_both_phases_of_a_prepared_transaction) {
  {
    auto buyer =
        held_in_commit("BEGIN; INSERT INTO orders VALUES ('two-phase'); PREPARE TRANSACTION 'p'");
    // BEGIN and INSERT were told of, nothing after them.
    deadline_passes();
    server_->release_commits();
    EXPECT_EQ(buyer.receive().kind, Answer::Kind::cut);
  }
  EXPECT_EQ(server_->connect().value("SELECT count(*) FROM pg_prepared_xacts"), "1");
  server_->page().promise_without_end();
  auto buyer = held_in_commit("COMMIT PREPARED 'p'");
  deadline_passes();
  server_->release_commits();
  expect_cut(buyer);
  EXPECT_EQ(count("two-phase"), "1");
}

TEST_F(Withheld, for_several_commits_in_one_message) {
  auto buyer = held_at_gate(
      "SET synchronous_commit = off; BEGIN; INSERT INTO orders VALUES ('several'); COMMIT; BEGIN; "
      "INSERT INTO orders VALUES ('several'); COMMIT; SELECT pg_advisory_lock(1)");
  deadline_passes();
  open_gate();
  expect_cut(buyer);
  EXPECT_EQ(count("several"), "2");
}

TEST_F(Withheld, for_commits_in_a_pipeline) {
  auto buyer = server_->connect();
  PGconn* connection = buyer.raw();
  ASSERT_EQ(PQenterPipelineMode(connection), 1);
  for (const auto* statement :
       {"BEGIN", "INSERT INTO orders VALUES ('pipeline')", "COMMIT", "SELECT pg_advisory_lock(1)"})
    ASSERT_EQ(PQsendQueryParams(connection, statement, 0, nullptr, nullptr, nullptr, nullptr, 0),
              1);
  ASSERT_EQ(PQpipelineSync(connection), 1);
  ASSERT_TRUE(eventually([&] {
    PQflush(connection);
    return server_->waits_for(buyer.backend(), "advisory");
  }));
  deadline_passes();
  open_gate();
  expect_cut(buyer);
  EXPECT_EQ(count("pipeline"), "1");
}

// The notice empties the buffer while the page is open; the answer itself comes later.
TEST_F(Withheld, when_a_procedure_commits_and_goes_on_talking) {
  auto buyer = held_at_gate("CALL buy_and_wait()");
  ASSERT_TRUE(eventually([&] {
    PQconsumeInput(buyer.raw());
    PQisBusy(buyer.raw());
    return !buyer.notices().empty();
  }));
  deadline_passes();
  open_gate();
  expect_cut(buyer);
  EXPECT_EQ(count("procedure"), "1");
}

TEST_F(Withheld, for_a_message_that_is_logged_without_a_transaction) {
  auto buyer = held_at_gate("SELECT pg_logical_emit_message(false, 'p', 'x'), pg_advisory_lock(1)");
  deadline_passes();
  open_gate();
  expect_cut(buyer);
}

// A client that does not read keeps the backend waiting in the middle of an answer; when the
// deadline passes there, the rest does not leave, and nobody waits for the client.
TEST_F(Withheld, from_a_client_that_does_not_read) {
  auto buyer = server_->connect();
  buyer.send(
      "BEGIN; INSERT INTO orders VALUES ('deaf'); COMMIT; SELECT repeat('x', 1000) FROM "
      "generate_series(1, 100000)");
  ASSERT_TRUE(eventually([&] { return server_->waits_for(buyer.backend(), "ClientWrite"); }));
  deadline_passes();
  EXPECT_TRUE(ends(buyer.backend()));
  const auto answer = buyer.receive();
  EXPECT_EQ(answer.kind, Answer::Kind::cut);
  EXPECT_LE(answer.results, 3) << "the long answer was not told to be complete";
}

TEST_F(Withheld, but_long_answers_after_a_commit_arrive_whole) {
  server_->page().promise(std::chrono::hours(1));
  for (const std::string more : {"sslmode=disable", kTls}) {
    auto buyer = server_->connect("admin", more);
    buyer.send(
        "BEGIN; INSERT INTO orders VALUES ('long'); COMMIT; SELECT string_agg(md5(i::text), "
        "'') FROM generate_series(1, 300000) i");
    ASSERT_TRUE(eventually([&] { return server_->waits_for(buyer.backend(), "ClientWrite"); }));
    const auto answer = buyer.receive();
    ASSERT_TRUE(answer.ok()) << answer.message;
    EXPECT_EQ(answer.results, 4);
    ASSERT_EQ(answer.value.size(), 9'600'000U);
    EXPECT_EQ(answer.value.substr(9'599'968), gate_.value("SELECT md5('300000')"));
    EXPECT_TRUE(buyer.run("INSERT INTO orders VALUES ('next')").ok());
  }
}

TEST_F(Withheld, but_an_error_after_a_refused_commit_is_told) {
  auto buyer = server_->connect();
  server_->page().close();
  EXPECT_TRUE(buyer.run("INSERT INTO orders VALUES ('no')").fenced());
  EXPECT_TRUE(buyer.run("SELECT 1").ok()) << "the session goes on";
  EXPECT_EQ(buyer.run("SELECT 1/0").sqlstate, "22012");
}

}  // namespace
}  // namespace understudy::fence_test
