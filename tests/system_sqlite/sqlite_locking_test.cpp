// Several connections and several processes at one file.
#include <sys/wait.h>

#include <csignal>

#include "folder.h"

namespace understudy::sqlite {
namespace {

using testing::HasSubstr;

constexpr Options kAtOnce{.locking = Locking::shared, .busy_timeout = std::chrono::milliseconds(0)};
constexpr Options kAlone{.locking = Locking::exclusive,
                         .busy_timeout = std::chrono::milliseconds(0)};

/// A process that opens a database, says "ready" by one byte, and then does nothing until killed.
class Holder {
 public:
  template <class Prepare>
  explicit Holder(Prepare prepare) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    process_ = fork();
    if (process_ == 0) {
      auto held = prepare();
      const char ready = held ? 'y' : 'n';
      if (write(ends[1], &ready, 1) != 1) _exit(1);
      while (true) pause();
    }
    close(ends[1]);
    char ready = '?';
    EXPECT_EQ(read(ends[0], &ready, 1), 1);
    EXPECT_EQ(ready, 'y');
    close(ends[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { end(); }

  void freeze() const { kill(process_, SIGSTOP); }
  void end() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
};

class AFileOfAKilledProcess : public InAFolder {};

class ALockedFile : public InAFolder {
 protected:
  [[nodiscard]] Error refusal_of(Options options) const {
    Failure failure = Failure::none;
    const auto database = Database::open(file(), options, &failure);
    EXPECT_FALSE(database);
    EXPECT_EQ(failure, Failure::busy);
    return database ? Error{} : database.error();
  }
};

TEST_F(ALockedFile, is_refused_to_a_second_process_in_one_clear_line) {
  const Holder holder([&] { return Database::open(file(), kAlone); });
  for (const auto options : {kAtOnce, kAlone}) {
    const auto error = refusal_of(options);
    EXPECT_EQ(error.after, After::unchanged_retry);
    EXPECT_THAT(error.what, HasSubstr(file() + ": opening"));
    EXPECT_THAT(error.what, HasSubstr("locked by another process or connection"));
  }
}

TEST_F(ALockedFile, stays_locked_by_a_frozen_process_until_it_is_killed) {
  Holder holder([&] { return Database::open(file(), kAlone); });
  holder.freeze();
  EXPECT_EQ(refusal_of(kAlone).after, After::unchanged_retry);
  holder.end();
  EXPECT_TRUE(Database::open(file(), kAlone));
}

TEST_F(ALockedFile, is_refused_to_a_second_connection_of_the_same_process) {
  const auto first = opened(kAlone);
  EXPECT_EQ(refusal_of(kAlone).after, After::unchanged_retry);
}

TEST_F(ALockedFile, cannot_be_had_alone_while_another_process_is_in_it) {
  { auto made = with_table(); }
  const Holder holder([&]() -> Result<Statement> {
    static auto database = opened();
    auto reading = database.prepare("SELECT * FROM sqlite_master");
    if (reading && !reading->step()) return Error{};
    return reading;
  });
  EXPECT_THAT(refusal_of(kAlone).what, HasSubstr("locked by another process or connection"));
}

TEST_F(ALockedFile, had_alone_is_read_and_written_as_ever) {
  { auto made = with_table(); }
  auto database = opened(kAlone);
  must(database.run("INSERT INTO t VALUES (1, 'a')"));
  EXPECT_EQ(rows_in(database), 1);
}

TEST_F(ALockedFile, lets_a_second_writer_try_again) {
  auto first = with_table();
  auto second = opened(kAtOnce);
  auto insert = *second.prepare("INSERT INTO t VALUES (1, 'a')");
  {
    auto transaction = first.begin();
    ASSERT_TRUE(transaction);
    const auto begun = second.begin();
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().after, After::unchanged_retry);
    EXPECT_EQ(second.last_failure(), Failure::busy);
    EXPECT_EQ(begun.error().what, file() +
                                      ": beginning: locked by another process or connection "
                                      "(database is locked)");
    EXPECT_FALSE(insert.run());
  }
  must(insert.run());
  EXPECT_EQ(rows_in(first), 1);
}

TEST_F(AFileOfAKilledProcess, has_what_was_committed_and_nothing_else) {
  { auto made = with_table(); }
  Holder holder([&]() -> Result<Transaction> {
    static auto database = opened(kAlone);
    if (auto done = database.run("INSERT INTO t VALUES (1, 'committed')"); !done) {
      return done.error();
    }
    auto transaction = database.begin();
    if (auto done = database.run("INSERT INTO t VALUES (2, 'not')"); !done) return done.error();
    return transaction;
  });
  holder.end();
  auto database = opened(kAlone);
  EXPECT_EQ(rows_in(database), 1);
}

}  // namespace
}  // namespace understudy::sqlite
