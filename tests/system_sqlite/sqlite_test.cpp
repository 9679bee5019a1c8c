#include <sys/stat.h>

#include <fstream>
#include <limits>

#include "folder.h"

namespace understudy::sqlite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ADatabase : public InAFolder {};
class AStatement : public InAFolder {};
class ATransaction : public InAFolder {};

TEST_F(ADatabase, syncs_every_commit_to_a_write_ahead_log) {
  auto database = opened();
  auto mode = *database.prepare("PRAGMA journal_mode");
  ASSERT_TRUE(*mode.step());
  EXPECT_EQ(mode.text(0), "wal");
  auto synchronous = *database.prepare("PRAGMA synchronous");
  ASSERT_TRUE(*synchronous.step());
  EXPECT_EQ(synchronous.integer(0), 2);
}

TEST_F(ADatabase, is_readable_by_its_owner_only) {
  auto database = with_table();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(stat((file() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(ADatabase, keeps_what_was_committed_when_it_is_opened_again) {
  {
    auto database = with_table();
    must(database.run("INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b')"));
    EXPECT_EQ(database.changed(), 1);
    EXPECT_EQ(database.last_row_id(), 2);
  }
  auto database = opened();
  EXPECT_EQ(rows_in(database), 2);
}

TEST_F(ADatabase, in_a_folder_that_does_not_exist_is_refused_with_the_reason) {
  const auto database = Database::open((folder_ / "none" / "a.db").string());
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().after, After::unchanged_final);
  EXPECT_THAT(database.error().what, StartsWith((folder_ / "none" / "a.db: opening: ").string()));
  EXPECT_THAT(database.error().what, HasSubstr("No such file or directory"));
}

TEST_F(ADatabase, that_is_another_kind_of_file_is_refused_and_left_alone) {
  const std::string text(4096, 'x');
  std::ofstream(file()) << text;
  Failure failure = Failure::none;
  const auto database = Database::open(file(), {}, &failure);
  ASSERT_FALSE(database);
  EXPECT_EQ(failure, Failure::corrupt);
  EXPECT_EQ(database.error().after, After::unchanged_final);
  EXPECT_THAT(database.error().what, HasSubstr("not a sound SQLite database"));
  std::ifstream back(file());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(back), {}), text);
}

TEST_F(ADatabase, that_cannot_have_a_log_is_refused) {
  const auto database = Database::open("");  // SQLite's name for a temporary database
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().what, ": opening: expected journal mode wal, found delete");
}

TEST_F(AStatement, gives_back_every_kind_of_value) {
  auto database = opened();
  must(database.run("CREATE TABLE v (i, d, t, b, n, et, eb)"));
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{255}, std::byte{7}};
  const std::string text("a\0\xc3\xa4", 4);
  auto insert = *database.prepare("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?)");
  must(insert
           .with(std::numeric_limits<std::int64_t>::min(), 0.1, text, bytes, nullptr,
                 std::string_view(), std::vector<std::byte>())
           .run());
  auto select = *database.prepare("SELECT * FROM v");
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.columns(), 7);
  EXPECT_EQ(select.integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(select.real(1), 0.1);
  EXPECT_EQ(select.text(2), text);
  EXPECT_EQ(select.blob(3), bytes);
  EXPECT_TRUE(select.is_null(4));
  EXPECT_FALSE(select.is_null(5));
  EXPECT_EQ(select.text(5), "");
  EXPECT_FALSE(select.is_null(6));
  EXPECT_THAT(select.blob(6), ElementsAre());
  EXPECT_FALSE(*select.step());
}

TEST_F(AStatement, takes_an_absent_value_as_null) {
  auto database = with_table();
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
  must(insert.with(1, std::optional<std::string>()).run());
  must(insert.with(2, std::optional<std::string>("x")).run());
  auto select = *database.prepare("SELECT value IS NULL FROM t ORDER BY id");
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.integer(0), 1);
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.integer(0), 0);
}

TEST_F(AStatement, is_run_again_with_other_parameters) {
  auto database = with_table();
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
  for (int i = 0; i < 5; ++i) must(insert.with(i, "x").run());
  EXPECT_EQ(rows_in(database), 5);
}

TEST_F(AStatement, goes_on_after_a_failure) {
  auto database = with_table();
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
  must(insert.with(1, "a").run());
  ASSERT_FALSE(insert.with(1, "b").run());
  must(insert.with(2, "c").run());
  EXPECT_EQ(rows_in(database), 2);
}

TEST_F(AStatement, against_a_constraint_is_final_and_told_apart) {
  auto database = with_table();
  auto insert = *database.prepare("INSERT INTO t VALUES (1, ?)");
  must(insert.with("secret").run());
  const auto again = insert.with("secret").run();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().after, After::unchanged_final);
  EXPECT_EQ(database.last_failure(), Failure::constraint);
  EXPECT_EQ(again.error().what, file() +
                                    ": running a statement: refused by a constraint (UNIQUE "
                                    "constraint failed: t.id)");
}

TEST_F(AStatement, that_is_no_sql_is_final) {
  auto database = opened();
  const auto statement = database.prepare("SELEC 1");
  ASSERT_FALSE(statement);
  EXPECT_EQ(statement.error().after, After::unchanged_final);
  EXPECT_EQ(statement.error().what,
            file() + ": preparing a statement: refused (near \"SELEC\": syntax error)");
}

TEST_F(AStatement, stops_the_process_when_it_is_used_wrongly) {
  auto database = with_table();
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
  EXPECT_DEATH(insert.with(1, 2, 3), "a statement is given the parameters it has");
  auto select = *database.prepare("SELECT 1");
  EXPECT_DEATH((void)select.integer(0), "columns are read while a row is there");
  ASSERT_TRUE(*select.step());
  EXPECT_DEATH((void)select.integer(1), "a row has the column that is read");
}

TEST_F(ATransaction, commits_all_together) {
  auto database = with_table();
  auto transaction = database.begin();
  ASSERT_TRUE(transaction);
  must(database.run("INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b')"));
  auto other = opened();
  EXPECT_EQ(rows_in(other), 0);
  must(transaction->commit());
  EXPECT_EQ(rows_in(other), 2);
}

TEST_F(ATransaction, that_is_left_is_rolled_back) {
  auto database = with_table();
  {
    auto transaction = database.begin();
    ASSERT_TRUE(transaction);
    must(database.run("INSERT INTO t VALUES (1, 'a')"));
  }
  EXPECT_EQ(rows_in(database), 0);
  ASSERT_TRUE(database.begin());
}

TEST_F(ATransaction, goes_on_after_a_statement_against_a_constraint) {
  auto database = with_table();
  {
    auto transaction = database.begin();
    ASSERT_TRUE(transaction);
    must(database.run("INSERT INTO t VALUES (1, 'a')"));
    EXPECT_FALSE(database.run("INSERT INTO t VALUES (1, 'b')"));
    must(transaction->commit());
  }
  EXPECT_EQ(rows_in(database), 1);
}

}  // namespace
}  // namespace understudy::sqlite
