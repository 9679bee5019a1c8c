// A disk that is full or fails, put in where SQLite meets the operating system (its VFS).
#include <sqlite3.h>

#include <cstring>

#include "folder.h"

namespace understudy::sqlite {
namespace {

using testing::HasSubstr;

/// What every file of this process does from now on.
struct Disk {
  int write_fails_with = SQLITE_OK;
  int sync_fails_with = SQLITE_OK;
  int syncs = 0;
};
Disk disk;

sqlite3_vfs* real_vfs = nullptr;
const sqlite3_io_methods* real_methods = nullptr;
/// Databases and logs are locked differently, but written and synced alike.
sqlite3_io_methods failing_database, failing_log;

int write_or_fail(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  if (disk.write_fails_with != SQLITE_OK) return disk.write_fails_with;
  return real_methods->xWrite(file, bytes, size, at);
}

/// The cruel case: the data reaches the disk, the answer says it did not.
int sync_or_fail(sqlite3_file* file, int flags) {
  ++disk.syncs;
  const int synced = real_methods->xSync(file, flags);
  return disk.sync_fails_with != SQLITE_OK ? disk.sync_fails_with : synced;
}

int open_failing(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out) {
  const int opened = real_vfs->xOpen(real_vfs, name, file, flags, out);
  if (opened != SQLITE_OK || file->pMethods == nullptr) return opened;
  real_methods = file->pMethods;
  auto& failing = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? failing_database : failing_log;
  failing = *real_methods;
  failing.xWrite = write_or_fail;
  failing.xSync = sync_or_fail;
  file->pMethods = &failing;
  return opened;
}

class AFailingDisk : public InAFolder {
 protected:
  AFailingDisk() {
    disk = Disk{};
    real_vfs = sqlite3_vfs_find(nullptr);
    vfs_ = *real_vfs;
    vfs_.zName = "failing";
    vfs_.xOpen = open_failing;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~AFailingDisk() override {
    disk = Disk{};
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_vfs, 1);
  }

  sqlite3_vfs vfs_{};
};

TEST_F(AFailingDisk, is_asked_to_sync_before_a_commit_is_answered) {
  auto database = with_table();
  for (int i = 0; i < 3; ++i) {
    const int before = disk.syncs;
    must(database.run("INSERT INTO t (value) VALUES ('a')"));
    EXPECT_GT(disk.syncs, before);
  }
}

TEST_F(AFailingDisk, that_lost_the_answer_of_a_sync_makes_the_commit_unknown) {
  {
    auto database = with_table();
    {
      auto transaction = database.begin();
      ASSERT_TRUE(transaction);
      must(database.run("INSERT INTO t VALUES (1, 'a')"));
      disk.sync_fails_with = SQLITE_IOERR_FSYNC;
      const auto committed = transaction->commit();
      ASSERT_FALSE(committed);
      EXPECT_EQ(committed.error().after, After::unknown);
      EXPECT_EQ(database.last_failure(), Failure::io);
      EXPECT_THAT(committed.error().what,
                  HasSubstr(file() + ": committing: reading or writing failed (disk I/O error"));
      disk.sync_fails_with = SQLITE_OK;
    }
    EXPECT_EQ(rows_in(database), 0);
    // What stays behind is the log as a crash would leave it.
    std::filesystem::copy(file(), folder_ / "crashed.db");
    std::filesystem::copy(file() + "-wal", folder_ / "crashed.db-wal");
  }
  auto after_crash = *Database::open((folder_ / "crashed.db").string());
  EXPECT_EQ(rows_in(after_crash), 1) << "this is why it is unknown and not unchanged";
}

TEST_F(AFailingDisk, outside_a_transaction_makes_a_change_unknown) {
  auto database = with_table();
  disk.sync_fails_with = SQLITE_IOERR_FSYNC;
  auto insert = *database.prepare("INSERT INTO t VALUES (?, 'a')");
  const auto changed = insert.with(1).run();
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().after, After::unknown);
  disk.sync_fails_with = SQLITE_OK;
  must(insert.with(2).run());
}

TEST_F(AFailingDisk, that_is_full_at_the_commit_is_told_apart) {
  auto database = with_table();
  auto transaction = database.begin();
  ASSERT_TRUE(transaction);
  must(database.run("INSERT INTO t VALUES (1, 'a')"));
  disk.write_fails_with = SQLITE_FULL;
  const auto committed = transaction->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().after, After::unknown);
  EXPECT_EQ(database.last_failure(), Failure::full);
  EXPECT_THAT(committed.error().what,
              HasSubstr(file() + ": committing: no space left (database or disk is full)"));
}

TEST_F(AFailingDisk, is_used_again_once_it_is_well) {
  auto database = with_table();
  disk.write_fails_with = SQLITE_FULL;
  ASSERT_FALSE(database.run("INSERT INTO t VALUES (1, 'a')"));
  disk.write_fails_with = SQLITE_OK;
  must(database.run("INSERT INTO t VALUES (1, 'b')"));
  EXPECT_EQ(rows_in(database), 1);
}

TEST_F(AFailingDisk, inside_a_transaction_leaves_nothing_unknown_and_nothing_half_done) {
  auto database = with_table();
  must(database.run("PRAGMA cache_size = 2"));  // so that changes are written before the commit
  {
    auto transaction = database.begin();
    ASSERT_TRUE(transaction);
    must(database.run("INSERT INTO t VALUES (1, 'a')"));
    disk.write_fails_with = SQLITE_FULL;
    const auto big = database.run("INSERT INTO t VALUES (2, zeroblob(1000000))");
    ASSERT_FALSE(big);
    EXPECT_EQ(big.error().after, After::unchanged_retry);
    EXPECT_EQ(database.last_failure(), Failure::full);
    disk.write_fails_with = SQLITE_OK;

    // SQLite has rolled all of it back: what came next would be committed alone.
    const auto next = database.run("INSERT INTO t VALUES (3, 'c')");
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().after, After::unchanged_retry);
    EXPECT_THAT(next.error().what,
                HasSubstr("an earlier failure has rolled this transaction back"));
    auto prepared = *database.prepare("INSERT INTO t VALUES (4, 'd')");
    EXPECT_FALSE(prepared.run());
    EXPECT_FALSE(transaction->commit());
  }
  EXPECT_EQ(rows_in(database), 0);
  must(database.run("INSERT INTO t VALUES (5, 'e')"));
  EXPECT_EQ(rows_in(database), 1);
}

}  // namespace
}  // namespace understudy::sqlite
