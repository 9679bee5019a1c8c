#include "topology/length.h"

#include <gmock/gmock.h>

namespace understudy {
namespace {

using namespace std::chrono_literals;

TEST(Length, is_a_whole_number_and_a_unit) {
  EXPECT_EQ(parse_length("2s"), 2s);
  EXPECT_EQ(parse_length("600ms"), 600ms);
  EXPECT_EQ(parse_length("1min"), 1min);
  EXPECT_EQ(parse_length("2h"), 2h);
  EXPECT_EQ(parse_length("0s"), 0s);
  EXPECT_EQ(parse_length("87600h"), 87600h);
}

TEST(Length, that_is_anything_else_is_refused) {
  for (const char* text :
       {"", "2", "s", "-2s", "-0s", "+2s", "2 s", " 2s", "2s ", "1.5s", "2S", "2sec", "2m", "2d",
        "87601h", "9223372036854775807ms", "99999999999999999999s", "1e3ms", "0x2s"}) {
    EXPECT_FALSE(parse_length(text)) << text;
  }
}

TEST(Length, is_shown_in_the_largest_exact_unit) {
  EXPECT_EQ(format_length(2h), "2h");
  EXPECT_EQ(format_length(60s), "1min");
  EXPECT_EQ(format_length(90s), "90s");
  EXPECT_EQ(format_length(2100ms), "2100ms");
  EXPECT_EQ(format_length(0s), "0s");
  EXPECT_EQ(format_length(-2s), "-2s");
  EXPECT_EQ(format_length(54005us), "54.005ms");
}

}  // namespace
}  // namespace understudy
