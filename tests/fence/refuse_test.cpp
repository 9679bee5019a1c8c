// Before commit: a real PostgreSQL refuses every write while the page is not open, and reads go on.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "scratch_postgres.h"

namespace understudy::fence_test {
namespace {

class Fence : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ScratchPostgres>();
    server_->page().promise_without_end();
    auto admin = server_->connect();
    for (const auto* statement : {
             "CREATE ROLE buyer LOGIN",
             "CREATE TABLE orders (id serial PRIMARY KEY, what text)",
             "GRANT ALL ON orders TO buyer; GRANT ALL ON orders_id_seq TO buyer",
             "INSERT INTO orders (what) SELECT 'old' FROM generate_series(1, 3)",
             "CREATE SEQUENCE fresh",
             "CREATE DATABASE spare",
             "CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM orders",
             "CREATE PROCEDURE buy() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO orders (what) "
             "VALUES ('procedure'); COMMIT; END $$",
         })
      ASSERT_TRUE(admin.run(statement).ok()) << statement;
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override { server_->page().promise_without_end(); }

  static void expect_fenced(const Answer& answer, const std::string& what) {
    EXPECT_EQ(answer.kind, Answer::Kind::refused) << what;
    EXPECT_EQ(answer.sqlstate, "57UF1") << what << ": " << answer.message;
  }

  static constexpr const char* kBuy = "INSERT INTO orders (what) VALUES ('new')";
  static inline std::unique_ptr<ScratchPostgres> server_;
};

TEST_F(Fence, refuses_writes_and_allows_reads_without_a_page) {
  server_->page().remove();
  auto buyer = server_->connect("buyer");
  const auto refused = buyer.run(kBuy);
  server_->page().open_file();
  expect_fenced(refused, kBuy);
  EXPECT_NE(refused.message.find("this region may not write: there is no fence page"),
            std::string::npos)
      << refused.message;
  EXPECT_TRUE(buyer.run("SELECT count(*) FROM orders").ok());
}

TEST_F(Fence, lets_a_session_through_as_soon_as_there_is_a_page) {
  server_->page().remove();
  auto buyer = server_->connect("buyer");
  expect_fenced(buyer.run(kBuy), "without a page");
  server_->page().open_file();
  expect_fenced(buyer.run(kBuy), "a new page is closed");
  server_->page().promise(std::chrono::minutes(1));
  EXPECT_TRUE(buyer.run(kBuy).ok());
}

TEST_F(Fence, says_why_the_page_is_not_open) {
  auto buyer = server_->connect("buyer");
  ASSERT_TRUE(buyer.run(kBuy).ok()) << "endless";
  auto& page = server_->page();
  const auto expect_because = [&](const std::string& why) {
    const auto refused = buyer.run(kBuy);
    expect_fenced(refused, why);
    EXPECT_NE(refused.message.find("may not write: " + why), std::string::npos) << refused.message;
  };
  page.promise(std::chrono::minutes(1));
  page.close();
  expect_because("this region holds no writer lease");
  page.promise(milliseconds(0));
  expect_because("the writer lease has run out");
  understudy_promise wall{};
  wall.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + 60'000'000'000;
  wall.deadline_wall_ns = 1;
  page.write(wall);
  expect_because("the writer lease has run out by the wall clock");
  page.from_another_boot();
  expect_because("the fence page is from before the last reboot");
  page.tear();
  expect_because("the fence page is torn");
}

// A mapping of the old file would go on promising without end what nobody can take back any more.
// A busy backend looks at the file only every few milliseconds.
TEST_F(Fence, follows_the_page_when_its_file_is_replaced) {
  auto buyer = server_->connect("buyer");
  const auto refused = [&] { return buyer.run(kBuy).fenced(); };
  ASSERT_FALSE(refused());
  server_->page().remove();
  EXPECT_TRUE(eventually(refused, milliseconds(1000))) << "deleted";
  server_->page().open_file();
  EXPECT_TRUE(refused()) << "replaced by a closed one";
  server_->page().promise_without_end();
  EXPECT_FALSE(refused());
  server_->page().remove();
  server_->page().open_file();
  EXPECT_TRUE(eventually(refused, milliseconds(1000))) << "replaced while mapped";
}

TEST_F(Fence, refuses_every_kind_of_write) {
  auto admin = server_->connect();
  // Of a table of its own, since it keeps its locks.
  ASSERT_TRUE(admin.run("CREATE TABLE apart (a int)").ok());
  ASSERT_TRUE(admin.run("BEGIN; INSERT INTO apart VALUES (1); PREPARE TRANSACTION 'before'").ok());
  const auto before = admin.value("SELECT count(*) FROM orders");
  server_->page().close();
  for (const std::string statement : {
           "INSERT INTO orders (what) VALUES ('x')",
           "UPDATE orders SET what = 'x'",
           "DELETE FROM orders",
           "TRUNCATE orders",
           "SELECT * FROM orders FOR UPDATE",
           "WITH added AS (INSERT INTO orders (what) VALUES ('x') RETURNING id) SELECT * FROM "
           "added",
           "COPY orders (what) FROM PROGRAM 'echo x'",
           "BEGIN; SAVEPOINT a; INSERT INTO orders (what) VALUES ('x'); RELEASE a; COMMIT",
           "BEGIN; INSERT INTO orders (what) VALUES ('x'); COMMIT AND CHAIN",
           "DO $$ BEGIN INSERT INTO orders (what) VALUES ('x'); EXCEPTION WHEN others THEN END $$",
           "DO $$ BEGIN INSERT INTO orders (what) VALUES ('x'); COMMIT; END $$",
           "CALL buy()",
           "SET synchronous_commit = off; INSERT INTO orders (what) VALUES ('x')",
           "BEGIN; INSERT INTO orders (what) VALUES ('x'); PREPARE TRANSACTION 'p'",
           "COMMIT PREPARED 'before'",
           "ROLLBACK PREPARED 'before'",
           "SELECT nextval('fresh')",
           "SELECT setval('fresh', 100)",
           "SELECT lo_create(0)",
           "SELECT pg_logical_emit_message(true, 'p', 'x')",
           "SELECT pg_logical_emit_message(false, 'p', 'x')",
           "NOTIFY sold",
           "SELECT pg_notify('sold', 'x')",
           "CREATE TABLE t (a int)",
           "CREATE TEMP TABLE t (a int)",
           "SET force_parallel_mode = on; CREATE TABLE t AS SELECT count(*) FROM orders",
           "CREATE INDEX ON orders (what)",
           "CREATE INDEX CONCURRENTLY ON orders (what)",
           "REINDEX TABLE CONCURRENTLY orders",
           "REFRESH MATERIALIZED VIEW summary",
           "ANALYZE orders",
           "VACUUM FULL orders",
           "GRANT SELECT ON orders TO public",
           "CREATE ROLE x",
           "CREATE DATABASE other",
           "DROP DATABASE spare",
           "ALTER DATABASE spare SET TABLESPACE pg_default",
       })
    // One session each: what the first statement of a refused pair has set must not stay.
    expect_fenced(server_->connect().run(statement), statement);

  EXPECT_EQ(admin.value("SELECT count(*) FROM orders"), before);
  server_->page().promise_without_end();
  EXPECT_TRUE(admin.run("COMMIT PREPARED 'before'").ok()) << "is still there to be resolved";
  EXPECT_TRUE(server_->connect("admin", "dbname=spare").run("SELECT 1").ok());
}

TEST_F(Fence, lets_what_is_no_write_go_on) {
  server_->page().close();
  for (const std::string statement : {
           "SELECT count(*) FROM orders",
           "BEGIN; SELECT 1; COMMIT",
           "BEGIN; INSERT INTO orders (what) VALUES ('x'); ROLLBACK",
           "EXPLAIN ANALYZE SELECT * FROM orders",
           "SET work_mem = '1MB'",
           "LISTEN sold",
           "VACUUM orders",
           "CHECKPOINT",
           "SELECT pg_switch_wal()",
           "SELECT pg_create_physical_replication_slot('s'), pg_drop_replication_slot('s')",
           "ALTER SYSTEM RESET work_mem",
           "COPY orders TO PROGRAM 'cat > /dev/null'",
       }) {
    const auto answer = server_->connect().run(statement);
    EXPECT_TRUE(answer.ok()) << statement << ": " << answer.message;
  }
}

TEST_F(Fence, refuses_a_walsender_that_runs_sql) {
  server_->page().close();
  auto sender = server_->connect("admin", "replication=database sslmode=disable");
  expect_fenced(sender.run(kBuy), "a replication connection to a database");
  EXPECT_TRUE(sender.run("IDENTIFY_SYSTEM").ok());
}

// An apply worker that wrote while fenced would let its publisher forget what this region may lose.
TEST_F(Fence, refuses_background_workers_that_write) {
  const auto mark = server_->log().size();
  auto admin = server_->connect();
  auto far = server_->connect("admin", "dbname=spare");
  ASSERT_TRUE(far.run("CREATE TABLE seats (a int); CREATE PUBLICATION p FOR TABLE seats").ok());
  ASSERT_TRUE(far.run("SELECT pg_create_logical_replication_slot('p', 'pgoutput')").ok());
  ASSERT_TRUE(admin.run("CREATE TABLE seats (a int)").ok());
  const auto subscribed =
      admin.run("CREATE SUBSCRIPTION p CONNECTION '" + server_->conninfo("admin", "dbname=spare") +
                "' PUBLICATION p WITH (create_slot = false, copy_data = false)");
  ASSERT_TRUE(subscribed.ok()) << subscribed.message;
  ASSERT_TRUE(eventually([&] {
    return admin.value("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate = 'r'") == "1";
  }));
  server_->page().close();
  ASSERT_TRUE(far.run("SET understudy_fence.bypass = 'the publisher is elsewhere'").ok());
  ASSERT_TRUE(far.run("INSERT INTO seats VALUES (1)").ok());
  EXPECT_TRUE(eventually([&] {
    return server_->log(mark).find("(PID") != std::string::npos &&
           server_->log(mark).find("this region may not write") != std::string::npos;
  }));
  EXPECT_EQ(admin.value("SELECT count(*) FROM seats"), "0");
  server_->page().promise_without_end();
  EXPECT_TRUE(eventually([&] { return admin.value("SELECT count(*) FROM seats") == "1"; }));
  EXPECT_TRUE(admin.run("DROP SUBSCRIPTION p").ok());
}

TEST_F(Fence, refuses_at_the_sync_of_a_pipeline) {
  auto buyer = server_->connect("buyer");
  server_->page().close();
  PGconn* connection = buyer.raw();
  ASSERT_EQ(PQenterPipelineMode(connection), 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(PQsendQueryParams(connection, kBuy, 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
    ASSERT_EQ(PQpipelineSync(connection), 1);
  }
  int fenced = 0;
  int synced = 0;
  int nothing = 0;
  while (synced < 2 && nothing < 10) {
    PGresult* result = PQgetResult(connection);
    if (!result) {
      ++nothing;
      continue;
    }
    const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    fenced += code && std::string(code) == "57UF1";
    synced += PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
  }
  EXPECT_EQ(fenced, 2);
}

TEST_F(Fence, lets_autovacuum_work_while_closed) {
  auto admin = server_->connect();
  ASSERT_TRUE(admin
                  .run("CREATE TABLE stale (a int) WITH (autovacuum_vacuum_threshold = 10, "
                       "autovacuum_analyze_threshold = 10)")
                  .ok());
  ASSERT_TRUE(admin.run("INSERT INTO stale SELECT generate_series(1, 1000)").ok());
  ASSERT_TRUE(admin.run("DELETE FROM stale WHERE a % 2 = 0").ok());
  server_->page().close();
  admin.run("SELECT pg_stat_reset_single_table_counters('stale'::regclass)");
  // The counters were reset while closed, so the work that is waited for is done while closed.
  server_->page().promise_without_end();
  ASSERT_TRUE(admin.run("DELETE FROM stale WHERE a % 3 = 0").ok());
  server_->page().close();
  EXPECT_TRUE(eventually([&] {
    return server_->connect().value(
               "SELECT autovacuum_count > 0 AND autoanalyze_count > 0 FROM "
               "pg_stat_user_tables WHERE relname = 'stale'") == "t";
  })) << server_->log();
}

TEST_F(Fence, lets_a_superuser_bypass_it_and_audits_each_transaction) {
  server_->page().close();
  const auto mark = server_->log().size();
  auto admin = server_->connect();
  ASSERT_TRUE(admin.run("SET understudy_fence.bypass = 'repairing ticket 4711'").ok());
  EXPECT_TRUE(admin.run("INSERT INTO orders (what) VALUES ('repair')").ok());
  EXPECT_TRUE(admin.run("DELETE FROM orders WHERE what = 'repair'").ok());
  EXPECT_TRUE(admin.run("SELECT count(*) FROM orders").ok()) << "reads are not audited";
  const auto log = server_->log(mark);
  int lines = 0;
  for (auto at = log.find("bypassed by user \"admin\""); at != std::string::npos; ++lines)
    at = log.find("bypassed by user \"admin\"", at + 1);
  EXPECT_EQ(lines, 2) << log;
  EXPECT_NE(log.find("page: this region holds no writer lease, reason: repairing ticket 4711"),
            std::string::npos)
      << log;
}

TEST_F(Fence, cannot_be_bypassed_by_others) {
  auto admin = server_->connect();
  ASSERT_TRUE(admin.run("ALTER ROLE buyer SET understudy_fence.bypass = 'stored'").ok());
  ASSERT_TRUE(admin
                  .run("CREATE FUNCTION sneak() RETURNS void LANGUAGE sql SECURITY DEFINER SET "
                       "understudy_fence.bypass = 'sneaked' AS $$ INSERT INTO orders (what) "
                       "VALUES ('sneaked') $$")
                  .ok());
  server_->page().close();
  EXPECT_EQ(server_->connect("buyer").run("SET understudy_fence.bypass = 'me'").sqlstate, "42501");
  expect_fenced(server_->connect("buyer").run(kBuy), "a bypass stored for a role");
  expect_fenced(server_->connect("buyer").run("SELECT sneak()"), "a superuser's function");
  EXPECT_FALSE(admin.run("ALTER SYSTEM SET understudy_fence.bypass = 'all'").ok());
  EXPECT_FALSE(admin.run("SET understudy_fence.bypass = E'two\\nlines'").ok());
  server_->page().promise_without_end();
  admin.run("ALTER ROLE buyer RESET understudy_fence.bypass");
}

TEST_F(Fence, refuses_to_be_loaded_by_a_single_session) {
  const auto copy = server_->directory() + "/copy.so";
  std::filesystem::copy_file(UNDERSTUDY_FENCE_LIBRARY, copy);
  const auto refused = server_->connect().run("LOAD '" + copy + "'");
  EXPECT_EQ(refused.sqlstate, "55000");
  EXPECT_NE(refused.message.find("must be loaded by shared_preload_libraries"), std::string::npos);
}

TEST_F(Fence, lets_a_session_with_temporary_tables_end_while_closed) {
  const auto mark = server_->log().size();
  {
    auto buyer = server_->connect("buyer");
    ASSERT_TRUE(buyer.run("CREATE TEMP TABLE basket (a int)").ok());
    server_->page().close();
  }
  ASSERT_TRUE(eventually([&] {
    return server_->connect().value(
               "SELECT count(*) FROM pg_stat_activity WHERE usename = "
               "'buyer'") == "0";
  }));
  EXPECT_EQ(server_->connect().value("SELECT count(*) FROM pg_class WHERE relname = 'basket'"),
            "0");
  EXPECT_EQ(server_->log(mark).find("FATAL"), std::string::npos) << server_->log(mark);
}

// The functions as the packaged script declares them, without installing anything.
std::string functions_from(const std::string& library) {
  std::ifstream script(UNDERSTUDY_FENCE_SQL);
  std::string sql;
  for (std::string line; std::getline(script, line);)
    if (!line.starts_with("\\")) sql += line + "\n";
  const std::string place = "MODULE_PATHNAME";
  for (auto at = sql.find("'" + place); at != std::string::npos; at = sql.find("'" + place))
    sql.replace(at + 1, place.size(), library);
  return sql;
}

TEST_F(Fence, shows_what_it_sees_and_what_it_costs) {
  auto admin = server_->connect();
  const auto created =
      admin.run("CREATE SCHEMA understudy_fence; SET search_path = understudy_fence, public; " +
                functions_from(server_->directory() + "/understudy_fence.so"));
  ASSERT_TRUE(created.ok()) << created.message;
  EXPECT_EQ(admin.value("SELECT verdict || open || (remaining_ms IS NULL) FROM status()"),
            "opentruetrue");
  server_->page().promise(std::chrono::minutes(1));
  EXPECT_EQ(admin.value("SELECT remaining_ms BETWEEN 1 AND 60000 AND epoch = 7 AND term = 3 FROM "
                        "status()"),
            "t");
  admin.run("SET understudy_fence.timing = on");
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(admin.run(kBuy).ok());
  EXPECT_EQ(admin.value("SELECT commits = 5000 AND answers = 5000 FROM cost()"), "t");
  fmt::print("[ measured ] {}\n",
             admin.value("SELECT format('%s ns a commit in the callbacks, %s ns an answer, slowest "
                         "%s us from clock reading to sent', commit_ns::int, answer_ns::int, "
                         "slowest_send_ns / 1000) FROM cost()"));
  fmt::print("[ measured ] {} ns a judgement\n", admin.value("SELECT measure(1000000)::int"));
  EXPECT_EQ(admin.run("SELECT measure(0)").sqlstate, "22023");
}

}  // namespace
}  // namespace understudy::fence_test
