// One value, one text.

#include "record/canonical.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace understudy::record {

namespace json = boost::json;

TEST(Canonical, sorts_members_at_every_depth_and_has_no_spaces) {
  EXPECT_EQ(canonical(json::parse(R"({"b": [ {"z": 1, "a": 2} ], "a": {"y": null, "x": true}})")),
            R"({"a":{"x":true,"y":null},"b":[{"a":2,"z":1}]})");
}

TEST(Canonical, writes_whole_numbers_in_full_and_others_as_short_as_they_read_back) {
  EXPECT_EQ(canonical(json::parse("[1795714145362490197, 18446744073709551615, -3, 0.1, 1e21]")),
            "[1795714145362490197,18446744073709551615,-3,0.1,1e+21]");
}

TEST(Canonical, escapes_only_what_must_be) {
  EXPECT_EQ(canonical(json::value("ü \"\\\n\x01/")), "\"ü \\\"\\\\\\n\\u0001/\"");
}

TEST(Canonical, of_another_spelling_is_refused) {
  EXPECT_TRUE(parse_canonical(R"({"a":1,"b":"x"})"));
  for (const char* text : {R"({"b":"x","a":1})", R"({"a":1, "b":"x"})", R"({"a":1,"a":1,"b":"x"})",
                           R"({"a":1.0e0,"b":"x"})", R"({"a":1,"b":"\u0078"})", "[1]", "{", ""}) {
    EXPECT_FALSE(parse_canonical(text)) << text;
  }
}

}  // namespace understudy::record
