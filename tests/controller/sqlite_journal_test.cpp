// The journal on the disk.

#include "controller/sqlite_journal.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace understudy {

namespace {

class Journals : public testing::Test {
 protected:
  Journals() {
    std::string pattern = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Journals() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file() const { return (folder_ / "controller.db").string(); }
  [[nodiscard]] std::unique_ptr<Journal> opened() const {
    auto journal = open_sqlite_journal(file());
    EXPECT_TRUE(journal) << journal.error().what;
    return std::move(*journal);
  }
  static ExecutionEntry entry(const std::string& name) {
    return {.name = name,
            .document = "{\"StartAt\": \"\u00e9\"}",
            .seed = 0xfedcba9876543210ULL,
            .started = WallTime(Duration(1'795'000'000'123'456'789)),
            .status = "RUNNING"};
  }
  /// Events with these names, numbered from `first` on.
  static std::vector<states::HistoryEvent> events(std::uint64_t first,
                                                  const std::vector<std::string>& names) {
    std::vector<states::HistoryEvent> all;
    for (const std::string& name : names) {
      all.push_back({.id = first++, .type = states::EventType::task_state_entered});
      all.back().details["stateEnteredEventDetails"] = {{"name", name}};
    }
    return all;
  }
  std::filesystem::path folder_;
};

}  // namespace

TEST_F(Journals, give_back_what_was_written_after_a_restart) {
  {
    const auto journal = opened();
    ASSERT_TRUE(journal->begin(entry("a")));
    ASSERT_TRUE(journal->begin(entry("b")));
    ASSERT_TRUE(journal->append("a", events(1, {"one", "two"})));
    ASSERT_TRUE(journal->append("b", events(1, {"other"})));
    ASSERT_TRUE(journal->append("a", events(3, {"three"})));
    ASSERT_TRUE(journal->finish("b", "FAILED"));
  }
  const auto journal = opened();
  const auto entries = journal->executions();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  const ExecutionEntry& first = entries->front();
  EXPECT_EQ(first.name, "a");
  EXPECT_EQ(first.document, entry("a").document);
  EXPECT_EQ(first.seed, entry("a").seed);
  EXPECT_EQ(first.started, entry("a").started);
  EXPECT_EQ(first.status, "RUNNING");
  EXPECT_EQ(entries->back().status, "FAILED");
  EXPECT_EQ(*journal->events("a"), events(1, {"one", "two", "three"}));
  EXPECT_EQ(*journal->events("b"), events(1, {"other"}));
  EXPECT_THAT(*journal->events("c"), testing::IsEmpty());
}

TEST_F(Journals, keep_one_text_under_a_name_over_a_restart) {
  {
    const auto journal = opened();
    EXPECT_EQ(journal->kept("orders").value(), "");
    ASSERT_TRUE(journal->keep("orders", "one"));
    ASSERT_TRUE(journal->keep("orders", "two"));
    ASSERT_TRUE(journal->keep("other", "three"));
  }
  EXPECT_EQ(opened()->kept("orders").value(), "two");
}

TEST_F(Journals, refuse_a_name_that_was_used) {
  const auto journal = opened();
  ASSERT_TRUE(journal->begin(entry("a")));
  const auto again = journal->begin(entry("a"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().after, After::unchanged_final);
  EXPECT_EQ(journal->executions()->size(), 1U);
}

TEST_F(Journals, take_a_repeated_append_for_the_same) {
  const auto journal = opened();
  ASSERT_TRUE(journal->begin(entry("a")));
  ASSERT_TRUE(journal->append("a", events(1, {"one", "two"})));
  ASSERT_TRUE(journal->append("a", events(1, {"one", "two"})));
  ASSERT_TRUE(journal->append("a", events(2, {"two", "three"})));
  EXPECT_EQ(*journal->events("a"), events(1, {"one", "two", "three"}));
}

TEST_F(Journals, refuse_another_event_of_an_id_that_was_used) {
  const auto journal = opened();
  ASSERT_TRUE(journal->begin(entry("a")));
  ASSERT_TRUE(journal->append("a", events(1, {"one", "two"})));
  const auto other = journal->append("a", events(2, {"zwei", "drei"}));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, testing::HasSubstr("another event of this id"));
  EXPECT_EQ(*journal->events("a"), events(1, {"one", "two"})) << "all or none";
}

TEST_F(Journals, are_one_process_s_alone) {
  const auto journal = opened();
  ASSERT_TRUE(journal->begin(entry("a")));
  // In a child, since the lock is a process's: it says how its attempt ended by its status.
  const pid_t child = fork();
  if (child == 0) {
    const auto second = open_sqlite_journal(file());
    _exit(second ? 1 : second.error().after == After::unchanged_retry ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(journal->append("a", events(1, {"one"}))) << "the first one is not disturbed";
}

TEST_F(Journals, that_are_no_journals_are_refused) {
  {
    std::FILE* other = std::fopen(file().c_str(), "w");
    std::fputs("this is no database, and long enough not to be taken for an empty one", other);
    std::fclose(other);
  }
  const auto journal = open_sqlite_journal(file());
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().after, After::unchanged_final);
}

}  // namespace understudy
