// The clients' own file.

#include "drill/ledger.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace understudy::drill {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "ledger-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ / "ledger";
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  static Instant at(std::int64_t ns) {
    return Instant{BootTime(Duration(ns)), WallTime(Duration(1'800'000'000'000'000'000 + ns))};
  }
  static Attempt attempt(const std::string& key) {
    return Attempt{key, 1, 5, std::nullopt, "http://edge/api/orders", at(1), at(2)};
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

TEST_F(LedgerTest, is_read_back_as_it_was_written) {
  {
    auto writer = LedgerWriter::create(file_).value();
    ASSERT_TRUE(writer->write(Attempt{"a \"b\"\n", 3, 5, 17, "http://edge", at(11), at(12)}));
    ASSERT_TRUE(writer->write(attempt("b")));
    ASSERT_TRUE(writer->write(
        Acknowledgement{"b", 1, 201, "42", 5, 18, 7, "north", at(9'007'199'254'740'993)}));
    ASSERT_TRUE(writer->write(Refusal{"c", 2, 409, "seat taken", at(14)}));
    ASSERT_TRUE(writer->write(UnknownOutcome{"d", 1, 504, "HTTP 504", at(15)}));
    ASSERT_TRUE(writer->write(PageRead{"/", false, 502, "not a page", at(16), at(17)}));
    ASSERT_TRUE(writer->write(Mark{"fault", at(18)}));
    ASSERT_TRUE(writer->write(Mark{"fault", at(19)}));
    ASSERT_TRUE(writer->write(Stall{milliseconds(70), at(20)}));
  }
  const auto ledger = read_ledger(file_).value();
  ASSERT_EQ(ledger.attempts.size(), 2U);
  EXPECT_EQ(ledger.attempts[0].key, "a \"b\"\n");
  EXPECT_EQ(ledger.attempts[0].number, 3U);
  EXPECT_EQ(ledger.attempts[0].seat, 17);
  EXPECT_EQ(ledger.attempts[0].scheduled.boot, at(11).boot);
  EXPECT_EQ(ledger.attempts[0].sent.wall, at(12).wall);
  EXPECT_EQ(ledger.attempts[1].seat, std::nullopt);
  ASSERT_EQ(ledger.acknowledgements.size(), 1U);
  EXPECT_EQ(ledger.acknowledgements[0].order, "42");
  EXPECT_EQ(ledger.acknowledgements[0].epoch, 7);
  EXPECT_EQ(ledger.acknowledgements[0].received.boot, at(9'007'199'254'740'993).boot);
  EXPECT_EQ(ledger.refusals.at(0).status, 409U);
  EXPECT_EQ(ledger.unknowns.at(0).reason, "HTTP 504");
  EXPECT_FALSE(ledger.pages.at(0).ok);
  EXPECT_EQ(ledger.marked("fault")->boot, at(18).boot);
  EXPECT_EQ(ledger.marked("healed"), std::nullopt);
  EXPECT_EQ(ledger.stalls.at(0).length, milliseconds(70));
  EXPECT_FALSE(ledger.torn);
}

TEST_F(LedgerTest, with_a_torn_last_line_gives_all_lines_before_it) {
  {
    auto writer = LedgerWriter::create(file_).value();
    ASSERT_TRUE(writer->write(attempt("a")));
    ASSERT_TRUE(writer->write(attempt("b")));
  }
  const auto whole = std::filesystem::file_size(file_);
  for (std::uintmax_t size = whole; size > whole / 2; --size) {
    std::filesystem::resize_file(file_, size);
    const auto ledger = read_ledger(file_).value();
    const bool second_is_whole = size >= whole - 1;  // only its line end may be missing
    const bool nothing_left_of_it = size == whole / 2;
    EXPECT_EQ(ledger.attempts.size(), second_is_whole ? 2U : 1U) << size;
    EXPECT_EQ(ledger.torn, !second_is_whole && !nothing_left_of_it) << size;
  }
}

TEST_F(LedgerTest, with_damage_before_its_last_line_is_refused_and_the_line_is_named) {
  const std::string good = R"({"kind":"mark","name":"fault","at_boot_ns":1,"at_wall_ns":2})";
  for (const std::string bad :
       {"", "{\"kind\":", R"({"kind":"surprise"})", R"({"kind":"mark","name":"fault"})",
        R"({"kind":"mark","name":5,"at_boot_ns":1,"at_wall_ns":2})", "[]"}) {
    std::ofstream(file_) << good << "\n" << bad << "\n" << good << "\n";
    const auto ledger = read_ledger(file_);
    ASSERT_FALSE(ledger) << bad;
    EXPECT_THAT(ledger.error().what, testing::HasSubstr("ledger:2: "));
  }
}

TEST_F(LedgerTest, that_exists_is_not_written_over) {
  ASSERT_TRUE(LedgerWriter::create(file_));
  const auto again = LedgerWriter::create(file_);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, testing::HasSubstr("File exists"));
  EXPECT_FALSE(read_ledger(folder_ / "missing"));
}

TEST_F(LedgerTest, takes_lines_from_several_threads_whole) {
  {
    auto writer = LedgerWriter::create(file_).value();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 250; ++i) {
          static_cast<void>(writer->write(attempt(std::to_string(thread * 1000 + i))));
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(read_ledger(file_).value().attempts.size(), 1000U);
}

TEST_F(LedgerTest, holds_every_line_that_was_written_before_the_writer_was_killed) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = LedgerWriter::create(file_).value();
    for (char i = 0; i < 100; ++i) {
      if (!writer->write(attempt(std::to_string(i))) || ::write(told[1], &i, 1) != 1) ::_exit(1);
    }
    ::kill(::getpid(), SIGKILL);
  }
  ::close(told[1]);
  std::size_t heard = 0;
  for (char i = 0; ::read(told[0], &i, 1) == 1;) ++heard;
  ::close(told[0]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(heard, 100U);
  EXPECT_EQ(read_ledger(file_).value().attempts.size(), 100U);
}

TEST_F(LedgerTest, that_cannot_grow_says_so_and_takes_nothing_more) {
  auto writer = LedgerWriter::create(file_).value();
  ASSERT_TRUE(writer->write(attempt("fits")));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(file_) + 20;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = writer->write(attempt("too much"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("File too large"));
  EXPECT_FALSE(writer->write(attempt("later"))) << "a ledger with a gap is no evidence";
  const auto ledger = read_ledger(file_).value();
  EXPECT_EQ(ledger.attempts.size(), 1U);
  EXPECT_TRUE(ledger.torn);
}

}  // namespace
}  // namespace understudy::drill
