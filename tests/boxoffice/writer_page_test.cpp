#include "writer_page.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "fence/page_writer.h"

namespace understudy::boxoffice {
namespace {

class Pages : public testing::Test {
 protected:
  Pages() {
    char name[] = "/tmp/understudy-page-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/page";
    EXPECT_EQ(understudy_open_page(&writer_, path_.c_str()), 0);
  }
  ~Pages() override {
    understudy_release_page(&writer_);
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }
  void write(std::uint64_t epoch, std::uint64_t term, std::int64_t seconds) {
    understudy_promise promise{};
    promise.epoch = epoch;
    promise.term = term;
    promise.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + seconds * 1'000'000'000;
    promise.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) + seconds * 1'000'000'000;
    understudy_write_promise(&writer_, &promise);
  }
  std::string folder_;
  std::string path_;
  understudy_page_writer writer_{};
};

TEST_F(Pages, that_are_not_there_permit_nothing) {
  const WriterPage nowhere(folder_ + "/nowhere");
  EXPECT_FALSE(nowhere.judge().open);
  EXPECT_EQ(nowhere.judge().reason, "there is no fence page");
  EXPECT_EQ(nowhere.judge().epoch, std::nullopt);
}

TEST_F(Pages, may_come_later) {
  const WriterPage page(path_ + "-later");
  EXPECT_FALSE(page.judge().open);
  ASSERT_EQ(rename(path_.c_str(), (path_ + "-later").c_str()), 0);
  write(3, 5, 60);
  EXPECT_TRUE(page.judge().open);
  ASSERT_EQ(rename((path_ + "-later").c_str(), path_.c_str()), 0);
  EXPECT_FALSE(page.judge().open);
}

TEST_F(Pages, say_epoch_term_and_end) {
  const WriterPage page(path_);
  EXPECT_FALSE(page.judge().open);
  write(3, 5, 60);
  const Permission now = page.judge();
  EXPECT_TRUE(now.open);
  EXPECT_EQ(now.epoch, 3);
  EXPECT_EQ(now.term, 5U);
  EXPECT_GT(now.until_ns, understudy_clock_ns(CLOCK_BOOTTIME));
  write(3, 5, -1);
  EXPECT_FALSE(page.judge().open);
  EXPECT_EQ(page.judge().until_ns, std::nullopt);
}

TEST_F(Pages, a_renewal_permits_still_and_another_lease_does_not) {
  const WriterPage page(path_);
  write(3, 5, 60);
  const Permission earlier = page.judge();
  write(3, 5, 120);
  EXPECT_TRUE(page.still_permits(earlier));
  write(3, 6, 120);
  EXPECT_FALSE(page.still_permits(earlier));
  write(4, 5, 120);
  EXPECT_FALSE(page.still_permits(earlier));
  write(3, 5, -1);
  EXPECT_FALSE(page.still_permits(earlier));
}

TEST_F(Pages, unprotected_is_always_open_and_has_no_epoch) {
  const WriterPage none{WriterPage::Unprotected{}};
  EXPECT_TRUE(none.judge().open);
  EXPECT_EQ(none.judge().epoch, std::nullopt);
  EXPECT_TRUE(none.still_permits(none.judge()));
}

}  // namespace
}  // namespace understudy::boxoffice
