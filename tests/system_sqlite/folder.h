#pragma once
// A folder of its own for each test, gone afterwards, and a database in it.

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "system/sqlite.h"

namespace understudy::sqlite {

class InAFolder : public testing::Test {
 protected:
  InAFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sqlite-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~InAFolder() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file() const { return (folder_ / "a.db").string(); }

  [[nodiscard]] Database opened(Options options = {}) const {
    auto database = Database::open(file(), options);
    EXPECT_TRUE(database) << database.error().what;
    return std::move(*database);
  }

  /// With a table `t (id INTEGER PRIMARY KEY, value)`.
  [[nodiscard]] Database with_table() const {
    auto database = opened();
    must(database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, value)"));
    return database;
  }

  static void must(const Result<Done>& done) { EXPECT_TRUE(done) << done.error().what; }

  [[nodiscard]] static std::int64_t rows_in(Database& database) {
    auto count = *database.prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(*count.step());
    return count.integer(0);
  }

  std::filesystem::path folder_;
};

}  // namespace understudy::sqlite
