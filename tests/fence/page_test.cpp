// The page between its writer and its readers, without a database.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <string>

#include "scratch_postgres.h"

namespace understudy::fence_test {
namespace {

class Page : public testing::Test {
 protected:
  Page() {
    char name[] = "/tmp/understudy-page-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/page";
    understudy_read_boot_id(boot_id_);
  }
  ~Page() override {
    understudy_leave_page(&view_);
    std::filesystem::remove_all(directory_);
  }

  understudy_verdict judge() {
    understudy_promise promise;
    return understudy_judge(understudy_follow_page(&view_, path_.c_str()), boot_id_, &promise);
  }

  std::string directory_;
  std::string path_;
  char boot_id_[UNDERSTUDY_BOOT_ID_BYTES];
  understudy_view view_ = UNDERSTUDY_NO_VIEW;
};

TEST_F(Page, is_none_while_there_is_no_file) { EXPECT_EQ(judge(), UNDERSTUDY_NO_PAGE); }

TEST_F(Page, is_closed_when_new) {
  TestPage page(path_);
  EXPECT_EQ(judge(), UNDERSTUDY_CLOSED);
}

TEST_F(Page, is_open_until_its_deadline) {
  TestPage page(path_);
  page.promise(std::chrono::hours(1));
  EXPECT_EQ(judge(), UNDERSTUDY_OPEN);
  page.promise(milliseconds(0));
  EXPECT_EQ(judge(), UNDERSTUDY_EXPIRED);
}

TEST_F(Page, ends_by_the_wall_clock_if_that_passes_first) {
  TestPage page(path_);
  understudy_promise promise{};
  promise.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + 3'600'000'000'000;
  promise.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) - 1;
  page.write(promise);
  EXPECT_EQ(judge(), UNDERSTUDY_WALL_EXPIRED);
}

TEST_F(Page, without_end_is_open_whatever_the_clocks_say) {
  TestPage page(path_);
  page.promise_without_end();
  EXPECT_EQ(judge(), UNDERSTUDY_OPEN);
}

TEST_F(Page, of_another_boot_is_closed_even_if_endless) {
  TestPage page(path_);
  page.from_another_boot();
  EXPECT_EQ(judge(), UNDERSTUDY_OTHER_BOOT);
}

TEST_F(Page, of_a_writer_that_died_writing_is_torn_until_another_writes) {
  {
    TestPage page(path_);
    page.promise(std::chrono::hours(1));
    page.tear();
  }
  EXPECT_EQ(judge(), UNDERSTUDY_TORN);
  TestPage next(path_);
  EXPECT_EQ(judge(), UNDERSTUDY_TORN);
  next.promise(std::chrono::hours(1));
  EXPECT_EQ(judge(), UNDERSTUDY_OPEN);
}

TEST_F(Page, keeps_its_promise_when_its_writer_comes_back) {
  { TestPage(path_).promise_without_end(); }
  understudy_page_writer writer;
  ASSERT_EQ(understudy_open_page(&writer, path_.c_str()), 0);
  understudy_promise last;
  EXPECT_EQ(understudy_last_promise(&writer, &last), UNDERSTUDY_OPEN);
  EXPECT_EQ(last.endless, 1U);
  EXPECT_EQ(judge(), UNDERSTUDY_OPEN);
  understudy_release_page(&writer);
}

TEST_F(Page, that_was_deleted_is_let_go_although_it_is_still_mapped) {
  TestPage page(path_);
  page.promise_without_end();
  ASSERT_EQ(judge(), UNDERSTUDY_OPEN);
  page.remove();
  EXPECT_EQ(judge(), UNDERSTUDY_NO_PAGE);
  page.open_file();
  EXPECT_EQ(judge(), UNDERSTUDY_CLOSED) << "the new file is read, not the old mapping";
}

TEST_F(Page, that_was_deleted_is_noticed_by_its_writer) {
  understudy_page_writer writer;
  ASSERT_EQ(understudy_open_page(&writer, path_.c_str()), 0);
  EXPECT_EQ(understudy_page_is_seen(&writer, path_.c_str()), 1);
  std::filesystem::remove(path_);
  EXPECT_EQ(understudy_page_is_seen(&writer, path_.c_str()), 0);
  understudy_release_page(&writer);
}

TEST_F(Page, that_was_cut_short_is_none_and_harms_nobody) {
  TestPage page(path_);
  page.promise_without_end();
  ASSERT_EQ(judge(), UNDERSTUDY_OPEN);
  std::filesystem::resize_file(path_, 8);
  EXPECT_EQ(judge(), UNDERSTUDY_NO_PAGE);
}

TEST_F(Page, that_others_may_write_is_none) {
  TestPage page(path_);
  page.promise_without_end();
  std::filesystem::permissions(path_, static_cast<std::filesystem::perms>(0666));
  EXPECT_EQ(judge(), UNDERSTUDY_NO_PAGE);
}

TEST_F(Page, of_another_layout_is_none) {
  TestPage page(path_);
  page.promise_without_end();
  const int file = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(pwrite(file, "anything", 8, 0), 8);
  close(file);
  EXPECT_EQ(judge(), UNDERSTUDY_NO_PAGE);
}

TEST_F(Page, has_one_writer_at_a_time) {
  TestPage page(path_);
  understudy_page_writer second;
  EXPECT_EQ(understudy_open_page(&second, path_.c_str()), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
}

// A child writes promises whose fields all carry one number, as fast as it can; a promise that is
// read mixes no two of them.
TEST_F(Page, is_never_seen_half_written) {
  TestPage page(path_);
  const pid_t child = fork();
  if (child == 0) {
    for (std::uint64_t number = 1;; ++number) {
      understudy_promise promise{};
      promise.incarnation = promise.epoch = promise.term = promise.serial = number;
      promise.deadline_boot_ns = promise.deadline_wall_ns = static_cast<std::int64_t>(number);
      page.write(promise);
    }
  }
  const auto* mapped = understudy_follow_page(&view_, path_.c_str());
  ASSERT_NE(mapped, nullptr);
  std::uint64_t whole = 0;
  std::uint64_t newest = 0;
  for (int i = 0; i < 2'000'000 || newest == 0; ++i) {
    understudy_promise promise;
    if (understudy_read_promise(mapped, &promise) != UNDERSTUDY_OPEN) continue;
    ++whole;
    ASSERT_EQ(promise.incarnation, promise.serial);
    ASSERT_EQ(promise.epoch, promise.term);
    ASSERT_EQ(promise.incarnation, static_cast<std::uint64_t>(promise.deadline_wall_ns));
    ASSERT_GE(promise.serial, newest);
    newest = promise.serial;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_GT(whole, 1000U);
}

}  // namespace
}  // namespace understudy::fence_test
