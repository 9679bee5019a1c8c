#include "bodies.h"

#include <gtest/gtest.h>

namespace understudy::boxoffice {
namespace {

TEST(Wishes, are_read) {
  const auto wish = read_wish(R"({"event":3,"seat":4,"buyer":"Ä \"b\"","hold":"t","more":[1]})");
  ASSERT_TRUE(wish.ok()) << wish.error().what;
  EXPECT_EQ(wish->event, 3);
  EXPECT_EQ(wish->seat, 4);
  EXPECT_EQ(wish->buyer, "Ä \"b\"");
  EXPECT_EQ(wish->hold, "t");
  const auto best = read_wish(R"({"event":3,"seat":null,"buyer":"b"})");
  ASSERT_TRUE(best.ok());
  EXPECT_EQ(best->seat, std::nullopt);
}

TEST(Wishes, that_are_wrong_name_what_was_expected) {
  const std::pair<std::string, const char*> wrong[] = {
      {"", "the body is no JSON object"},
      {"[]", "the body is no JSON object"},
      {"{", "the body is no JSON object"},
      {"{\"event\":1,\"buyer\":\"\xff\"}", "the body is no JSON object"},
      {std::string(5000, '['), "the body is no JSON object"},
      {R"({"buyer":"a"})", "\"event\" is missing; expected the number of an event"},
      {R"({"event":0,"buyer":"a"})",
       "\"event\" is wrong; expected a whole number from 1 to 2147483647"},
      {R"({"event":1.5,"buyer":"a"})",
       "\"event\" is wrong; expected a whole number from 1 to 2147483647"},
      {R"({"event":99999999999,"buyer":"a"})",
       "\"event\" is wrong; expected a whole number from 1 to 2147483647"},
      {R"({"event":1,"seat":"x","buyer":"a"})",
       "\"seat\" is wrong; expected a whole number from 1 to 2147483647"},
      {R"({"event":1})", "\"buyer\" is missing; expected who buys"},
      {R"({"event":1,"buyer":""})", "\"buyer\" is wrong; expected a text of 1 to 200 bytes"},
      {R"({"event":1,"buyer":"a\u0000b"})",
       "\"buyer\" is wrong; expected a text of 1 to 200 bytes"},
      {R"({"event":1,"buyer":")" + std::string(201, 'x') + "\"}",
       "\"buyer\" is wrong; expected a text of 1 to 200 bytes"},
      {R"({"event":1,"buyer":"a","hold":"t"})", "\"hold\" needs the \"seat\" that is held"},
  };
  for (const auto& [body, expected] : wrong) {
    const auto wish = read_wish(body);
    ASSERT_FALSE(wish.ok()) << body;
    EXPECT_EQ(wish.error().what, expected) << body;
  }
}

TEST(Wishes, for_holds_have_a_length) {
  EXPECT_EQ(read_hold_wish(R"({"event":1,"buyer":"a"})")->seconds, 120);
  EXPECT_EQ(read_hold_wish(R"({"event":1,"buyer":"a","seconds":7})")->seconds, 7);
  EXPECT_FALSE(read_hold_wish(R"({"event":1,"buyer":"a","seconds":3601})").ok());
  EXPECT_FALSE(read_hold_wish(R"({"event":1,"buyer":"a","seconds":0})").ok());
}

TEST(Bodies, escape_what_comes_from_outside) {
  EXPECT_EQ(quoted("a\"\n\\"), R"("a\"\n\\")");
  EXPECT_EQ(sale_body({"sold", "12", 3, 4, 1, 7, "no\"rth"}, "so\"uth", 8),
            R"({"order":12,"event":3,"seat":4,"epoch":7,"region":"no\"rth",)"
            R"("acknowledged_by":{"region":"so\"uth","epoch":8}})");
  const auto page = events_page({{1, "<b>&\"", "Hall", "2030"}}, "<i>");
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_NE(page.find("&lt;b>&amp;&quot;"), std::string::npos);
}

TEST(Bodies, list_seats_with_state_and_version) {
  EXPECT_EQ(seats_body(9, {{9, 1, "free", 0}, {9, 2, "sold", 3}}),
            R"({"type":"snapshot","event":9,"seats":[[1,"free",0],[2,"sold",3]]})");
  EXPECT_EQ(seats_body(9, {}), R"({"type":"snapshot","event":9,"seats":[]})");
}

}  // namespace
}  // namespace understudy::boxoffice
