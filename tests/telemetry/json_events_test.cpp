// What was told is read back.

#include "telemetry/json_events.h"

#include <gmock/gmock.h>

#include <fstream>

#include "system/kernel.h"
#include "tests/local/scratch.h"

namespace understudy {
namespace {

class JsonEvents : public testing::Test {
 protected:
  void tell(std::string_view name) const {
    const auto clock = make_kernel_clock();
    const auto events = open_json_events(path_, "controller", *clock);
    ASSERT_EQ(why(events), "");
    (*events)->emit(name, {{"execution", "failover-shop-1"}});
  }
  [[nodiscard]] std::vector<std::string> read_since(WallTime since) const {
    const auto read = read_json_events(path_, since);
    EXPECT_EQ(why(read), "");
    std::vector<std::string> names;
    for (const auto& event : *read) names.emplace_back(event.at("event").as_string());
    return names;
  }
  const Scratch scratch_;
  const std::string path_ = scratch_.file("events.jsonl");
};

TEST_F(JsonEvents, are_read_in_their_order_from_a_time_on) {
  tell("a.first");
  const WallTime between = make_kernel_clock()->wall();
  tell("a.second");
  tell("a.third");
  EXPECT_THAT(read_since({}), testing::ElementsAre("a.first", "a.second", "a.third"));
  EXPECT_THAT(read_since(between), testing::ElementsAre("a.second", "a.third"));
}

TEST_F(JsonEvents, that_were_torn_by_a_crash_are_left_out) {
  tell("a.first");
  std::ofstream(path_, std::ios::app) << "{\"at_ns\": 17, \"ev\n[]\n{\"at_ns\": \"x\"}\n";
  tell("a.second");
  EXPECT_THAT(read_since({}), testing::ElementsAre("a.first", "a.second"));
}

TEST_F(JsonEvents, of_which_there_is_no_file_are_none_and_of_a_folder_cannot_be_read) {
  EXPECT_THAT(read_since({}), testing::IsEmpty());
  EXPECT_FALSE(read_json_events(scratch_.folder(), {}));
}

}  // namespace
}  // namespace understudy
