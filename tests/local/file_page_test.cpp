// The fence page as a file.
#include "local/file_page.h"

#include <gmock/gmock.h>

#include "fence/page.h"
#include "scratch.h"
#include "system/file.h"
#include "system/kernel.h"

namespace understudy {
namespace {

using testing::HasSubstr;

Promise promise_for(Duration length) {
  const auto clock = make_kernel_clock();
  return {.incarnation = 11,
          .epoch = 3,
          .term = 5,
          .serial = 9,
          .endless = false,
          .deadline = clock->boot() + length,
          .deadline_wall = clock->wall() + length};
}

/// As the database judges it.
bool lets_writes_through(const std::string& path) {
  char boot_id[UNDERSTUDY_BOOT_ID_BYTES];
  EXPECT_EQ(understudy_read_boot_id(boot_id), 0);
  const understudy_page* page = understudy_map_page(path.c_str());
  if (page == nullptr) return false;
  understudy_promise promise{};
  const bool open = understudy_judge(page, boot_id, &promise) == UNDERSTUDY_OPEN;
  munmap(const_cast<understudy_page*>(page), sizeof *page);
  return open;
}

TEST(FilePage, is_closed_when_it_is_made) {
  const Scratch scratch;
  const auto page = open_file_page(scratch.file("page"));
  ASSERT_EQ(why(page), "");
  EXPECT_EQ((*page)->read(), std::nullopt);
  EXPECT_FALSE(lets_writes_through(scratch.file("page")));
}

TEST(FilePage, lets_writes_through_until_it_is_closed_or_run_out) {
  const Scratch scratch;
  const auto page = open_file_page(scratch.file("page"));
  ASSERT_EQ(why(page), "");
  const Promise promise = promise_for(std::chrono::hours(1));
  (*page)->open(promise);
  EXPECT_EQ((*page)->read(), promise);
  EXPECT_TRUE(lets_writes_through(scratch.file("page")));
  (*page)->close();
  EXPECT_EQ((*page)->read(), std::nullopt);
  EXPECT_FALSE(lets_writes_through(scratch.file("page")));
  (*page)->open(promise_for(-milliseconds(1)));
  EXPECT_FALSE(lets_writes_through(scratch.file("page")));
}

TEST(FilePage, keeps_its_promise_when_its_writer_is_gone) {
  const Scratch scratch;
  Promise endless = promise_for(Duration::zero());
  endless.endless = true;
  {
    const auto page = open_file_page(scratch.file("page"));
    ASSERT_EQ(why(page), "");
    (*page)->open(endless);
  }
  EXPECT_TRUE(lets_writes_through(scratch.file("page")));
  const auto again = open_file_page(scratch.file("page"));
  ASSERT_EQ(why(again), "");
  EXPECT_EQ((*again)->read(), endless);
}

TEST(FilePage, has_one_writer) {
  const Scratch scratch;
  auto first = open_file_page(scratch.file("page"));
  ASSERT_EQ(why(first), "");
  const auto second = open_file_page(scratch.file("page"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().after, After::unchanged_retry);
  EXPECT_THAT(second.error().what, HasSubstr("another agent writes it"));
  first->reset();
  EXPECT_EQ(why(open_file_page(scratch.file("page"))), "");
}

TEST(FilePage, that_cannot_be_one_is_refused_by_name) {
  const Scratch scratch;
  EXPECT_THAT(why(open_file_page(scratch.file("missing/page"))),
              HasSubstr(scratch.file("missing/page")));
  EXPECT_THAT(why(open_file_page(scratch.folder())), HasSubstr(scratch.folder()));
  shell("ln -s /etc/passwd " + scratch.file("link"));
  EXPECT_THAT(why(open_file_page(scratch.file("link"))), HasSubstr(scratch.file("link")));
}

TEST(FilePage, full_of_something_else_lets_nothing_through) {
  const Scratch scratch;
  ASSERT_EQ(why(file::write_durably(scratch.file("page"), std::string(4096, 'x'))), "");
  EXPECT_FALSE(lets_writes_through(scratch.file("page")));
  const auto page = open_file_page(scratch.file("page"));
  ASSERT_EQ(why(page), "");
  EXPECT_EQ((*page)->read(), std::nullopt);
  EXPECT_FALSE(lets_writes_through(scratch.file("page")));
}

}  // namespace
}  // namespace understudy
