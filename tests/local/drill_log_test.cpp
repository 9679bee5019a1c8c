// Past drills: what is appended is read again, and what cannot be read costs only itself.

#include "local/drill_log.h"

#include <gmock/gmock.h>

#include <fstream>

#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PastDrill drill(int second, std::optional<std::int64_t> rto_ms) {
  return {.at = WallTime(std::chrono::seconds(1'795'715'630 + second)),
          .fault = "region-kill",
          .passed = rto_ms.has_value(),
          .rto_ms = rto_ms,
          .rto_full_ms = rto_ms,
          .platform_digest = "p"};
}

}  // namespace

TEST(DrillLog, that_is_not_there_yet_knows_of_no_drill) {
  const Scratch scratch;
  const auto past = DrillLog(scratch.file("none")).past();
  ASSERT_EQ(why(past), "");
  EXPECT_THAT(*past, IsEmpty());
}

TEST(DrillLog, gives_back_what_was_appended_oldest_first_and_lets_everybody_read_it) {
  const Scratch scratch;
  const std::string file = scratch.file("new/folder/shop.drills.jsonl");
  ASSERT_EQ(why(append_drill(file, drill(1, 2000))), "");
  ASSERT_EQ(why(append_drill(file, drill(2, std::nullopt))), "");
  const auto past = DrillLog(file).past();
  ASSERT_EQ(why(past), "");
  EXPECT_THAT(*past, ElementsAre(drill(1, 2000), drill(2, std::nullopt)));
  EXPECT_EQ(mode_of(file), 0644U);
}

TEST(DrillLog, leaves_out_a_line_that_a_crash_tore) {
  const Scratch scratch;
  const std::string file = scratch.file("log");
  ASSERT_EQ(why(append_drill(file, drill(1, 2000))), "");
  std::ofstream(file, std::ios::app) << R"({"at":"2026-1)"
                                     << "\n";
  ASSERT_EQ(why(append_drill(file, drill(3, 2100))), "");
  EXPECT_THAT(*DrillLog(file).past(), ElementsAre(drill(1, 2000), drill(3, 2100)));
}

TEST(DrillLog, that_cannot_be_written_or_read_says_why) {
  const Scratch scratch;
  EXPECT_NE(why(append_drill(scratch.folder(), drill(1, 1))), "") << "it is a folder";
  EXPECT_NE(why(DrillLog(scratch.folder()).past()), "");
}

TEST(DrillLog, lies_beside_the_data_folder_which_down_removes) {
  EXPECT_EQ(drill_log_file("/var/lib/understudy/shop"), "/var/lib/understudy/shop.drills.jsonl");
}

TEST(APlatform, is_the_same_wherever_its_stack_is_and_another_once_it_is_described_otherwise) {
  const Topology before = example_topology();
  Topology elsewhere = before;
  elsewhere.local.port_base = 46000;
  elsewhere.directory = "/elsewhere";
  elsewhere.objectives.rto = std::chrono::hours(1);
  elsewhere.alerts.repeat_interval = std::chrono::hours(2);
  EXPECT_EQ(platform_digest(before), platform_digest(elsewhere));
  Topology other = before;
  other.lease.ttl = std::chrono::seconds(3);
  EXPECT_NE(platform_digest(before), platform_digest(other));
  other = before;
  other.services.pop_back();
  EXPECT_NE(platform_digest(before), platform_digest(other));
}

}  // namespace understudy
