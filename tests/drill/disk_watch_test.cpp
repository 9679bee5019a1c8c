// What tells a stall of the machine's disk from an interruption of the service.

#include "drill/disk_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "drill/instant.h"

namespace understudy::drill {
namespace {

using namespace std::chrono_literals;

class DiskWatchTest : public testing::Test {
 protected:
  DiskWatchTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "disk-watch-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~DiskWatchTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(DiskWatchTest, sees_how_long_writes_take_and_leaves_no_file) {
  const BootTime began = read_clocks().boot;
  {
    const DiskWatch watch(folder_.string());
    const BootTime give_up = began + 20s;
    while (watch.longest_since(began) == 0ms && read_clocks().boot < give_up)
      std::this_thread::sleep_for(5ms);
    EXPECT_GT(watch.longest_since(began), 0ms);
    EXPECT_LE(watch.longest_since(began), read_clocks().boot - began + 1ms);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(DiskWatchTest, forgets_what_was_over_before) {
  const DiskWatch watch(folder_.string());
  EXPECT_EQ(watch.longest_since(read_clocks().boot + 1h), 0ms);
}

}  // namespace
}  // namespace understudy::drill
