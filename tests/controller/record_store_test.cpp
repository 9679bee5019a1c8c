// The registry's record on the disk: compare-and-swap, and nothing but the changes there are.

#include "registry/record_store.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "recovery/record_changes.h"
#include "tests/recovery/world.h"

namespace understudy {

namespace {

using fake::first_record;

class Store : public testing::Test {
 protected:
  Store() {
    std::string pattern = (std::filesystem::temp_directory_path() / "registry-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Store() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file() const { return (folder_ / "registry.db").string(); }
  RecordStore opened(const std::optional<Record>& first = first_record()) {
    auto store = RecordStore::open(file(), first, stage_);
    EXPECT_TRUE(store) << store.error().what;
    return std::move(*store);
  }
  static Record renewal(const RecordStore& store, const std::string& nonce) {
    return *renewed(store.current(), "north", nonce);
  }
  fake::Stage stage_;
  std::filesystem::path folder_;
};

bool applied(const Replaced& replaced) { return std::holds_alternative<Record>(replaced); }

}  // namespace

TEST_F(Store, begins_with_the_record_it_is_given_and_keeps_it) {
  EXPECT_EQ(opened().current(), first_record());
  Record other = first_record();
  other.active = "south";
  other.standby = "north";
  EXPECT_EQ(opened(other).current(), first_record()) << "the first one is the first one";
  EXPECT_EQ(opened(std::nullopt).current(), first_record());
}

TEST_F(Store, without_any_record_is_not_opened) {
  const auto store = RecordStore::open(file(), std::nullopt, stage_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().after, After::unchanged_final);
}

TEST_F(Store, refuses_a_first_record_that_contradicts_itself) {
  Record wrong = first_record();
  wrong.term = 0;
  const auto store = RecordStore::open(file(), wrong, stage_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().after, After::unchanged_final);
}

TEST_F(Store, applies_a_change_of_the_newest_record_and_still_has_it_after_a_restart) {
  Record next;
  {
    RecordStore store = opened();
    next = renewal(store, "n");
    const Replaced replaced = store.replace(next, "agent-north");
    ASSERT_TRUE(applied(replaced));
    EXPECT_EQ(std::get<Record>(replaced), next);
  }
  EXPECT_EQ(opened().current(), next);
}

TEST_F(Store, answers_a_change_of_an_older_record_with_the_newest) {
  RecordStore store = opened();
  const Record late = renewal(store, "late");
  ASSERT_TRUE(applied(store.replace(renewal(store, "n"), "agent-north")));
  const Replaced replaced = store.replace(late, "agent-north");
  const auto* conflict = std::get_if<Conflict>(&replaced);
  ASSERT_NE(conflict, nullptr);
  EXPECT_EQ(conflict->current, store.current());
  EXPECT_EQ(store.current().nonce, "n");
}

TEST_F(Store, answers_a_change_from_the_future_with_the_newest) {
  RecordStore store = opened();
  Record next = renewal(store, "n");
  next.version += 1;
  EXPECT_TRUE(std::holds_alternative<Conflict>(store.replace(next, "agent-north")));
  EXPECT_EQ(store.current(), first_record());
}

TEST_F(Store, knows_a_repeated_request_again) {
  RecordStore store = opened();
  const Record next = renewal(store, "n");
  ASSERT_TRUE(applied(store.replace(next, "agent-north")));
  ASSERT_TRUE(applied(store.replace(next, "agent-north")));
  EXPECT_EQ(store.current(), next);
  EXPECT_EQ(store.changes_after(0, 100)->size(), 2U) << "logged once";
}

TEST_F(Store, refuses_a_change_that_breaks_a_rule_and_names_it) {
  RecordStore store = opened();
  Record wrong = renewal(store, "n");
  wrong.epoch = 9;
  const Replaced replaced = store.replace(wrong, "agent-north");
  const auto* error = std::get_if<Error>(&replaced);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->after, After::unchanged_final);
  EXPECT_THAT(error->what, testing::HasSubstr("epoch"));
  EXPECT_EQ(store.current(), first_record());
}

TEST_F(Store, logs_every_change_with_its_author_and_time) {
  RecordStore store = opened();
  const BootTime began = stage_.boot();
  for (int i = 0; i < 5; ++i) {
    stage_.run_for(milliseconds(600));
    ASSERT_TRUE(applied(store.replace(renewal(store, "n" + std::to_string(i)), "agent-north")));
  }
  const auto changes = store.changes_after(2, 3);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ(changes->front().record.version, 3U);
  EXPECT_EQ(changes->front().record.nonce, "n1");
  EXPECT_EQ(changes->front().author, "agent-north");
  EXPECT_EQ(changes->front().at, began + milliseconds(1200));
  EXPECT_EQ(changes->back().record.version, 5U);
}

TEST_F(Store, goes_through_a_whole_transition) {
  RecordStore store = opened();
  const auto go = [&](const Change& next) {
    ASSERT_TRUE(next) << next.error().what;
    ASSERT_TRUE(applied(store.replace(*next, "controller")));
  };
  go(understudy::opened(store.current(), {TransitionKind::failover, "shop", "south"}, "a"));
  go(revoked(store.current(), "b"));
  go(promoting(store.current(), "c"));
  go(switched(store.current(), "d"));
  go(completed(store.current(), "e"));
  EXPECT_EQ(store.current().active, "south");
  EXPECT_EQ(store.current().epoch, 2U);
}

TEST_F(Store, is_one_process_s_alone) {
  const RecordStore store = opened();
  const pid_t child = fork();
  if (child == 0) {
    const auto second = RecordStore::open(file(), first_record(), stage_);
    _exit(second ? 1 : second.error().after == After::unchanged_retry ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Store, that_cannot_be_believed_is_not_opened) {
  (void)opened();
  {
    auto database = sqlite::Database::open(file());
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("UPDATE change SET record = '{\"version\": 1}'"));
  }
  const auto store = RecordStore::open(file(), first_record(), stage_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().after, After::unchanged_final);
  EXPECT_THAT(store.error().what, testing::HasSubstr(file()));
}

}  // namespace understudy
