#include "states/json_path.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "states/data.h"
#include "states/failure.h"

namespace understudy::states {
namespace {

const json::value kStore = *parse_json(R"({
  "name": "store", "a.b": 1, "it's": 2,
  "book": [
    {"title": "one", "price": 8, "tags": ["x"]},
    {"title": "two", "price": 12.5, "sold": true},
    {"title": "three", "price": 9, "by": {"title": "nested"}}
  ]})");

std::string select(std::string_view path) {
  json::array all;
  for (const auto* each : JsonPath::parse(path).select(kStore)) all.push_back(*each);
  return to_text(all);
}

TEST(JsonPath, selects_what_it_names) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"$.name", R"(["store"])"},
      {"$['name']", R"(["store"])"},
      {"$[\"a.b\"]", "[1]"},
      {R"($['it\'s'])", "[2]"},
      {"$.book[0].title", R"(["one"])"},
      {"$.book[-1].title", R"(["three"])"},
      {"$.book[0,2].title", R"(["one","three"])"},
      {"$.book[1:].title", R"(["two","three"])"},
      {"$.book[:2].title", R"(["one","two"])"},
      {"$.book[-2:].title", R"(["two","three"])"},
      {"$.book[0:3:2].title", R"(["one","three"])"},
      {"$.book[*].price", "[8,12.5,9]"},
      {"$.book[0].*", R"(["one",8,["x"]])"},
      {"$.book[0]['price','title']", R"([8,"one"])"},
      {"$..title", R"(["one","two","three","nested"])"},
      {"$..tags[0]", R"(["x"])"},
      {"$.nothing[*]", "[]"},
      {"$.book[9]", "[]"},
      {"$.book[?(@.price < 10)].title", R"(["one","three"])"},
      {"$.book[?(@.price >= 9 && @.price != 9)].title", R"(["two"])"},
      {"$.book[?(@.title == 'one' || @.sold)].price", "[8,12.5]"},
      {"$.book[?(!(@.sold))].price", "[8,9]"},
      {"$.book[?(@.by.title)].title", R"(["three"])"},
      {"$.book[?(@.price == $.book[0].price)].title", R"(["one"])"},
      {"$.book[?(@.title > 'p')].title", R"(["two","three"])"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(select(path), expected) << path;
}

TEST(JsonPath, is_definite_only_if_it_can_name_one_value) {
  for (const auto* path : {"$", "$.a", "$['a'][0].b", "$.a[-1]"}) {
    EXPECT_TRUE(JsonPath::parse(path).definite()) << path;
  }
  for (const auto* path : {"$.*", "$..a", "$.a[*]", "$.a[0,1]", "$.a[1:]", "$.a[?(@.b)]"}) {
    EXPECT_FALSE(JsonPath::parse(path).definite()) << path;
  }
}

TEST(JsonPath, that_leads_nowhere_says_where_it_ends) {
  const auto why = [](std::string_view path) {
    return std::get<JsonPath::Missing>(JsonPath::parse(path).find(kStore)).why;
  };
  EXPECT_EQ(why("$.none"), "No results for path: $['none']");
  EXPECT_EQ(why("$.none.more"), "Missing property in path $['none']");
  EXPECT_EQ(why("$.book[7].title"), "Missing property in path $['book'][7]");
  EXPECT_EQ(why("$.name.first"),
            "Expected to find an object with property ['first'] in path $['name'] but found "
            "'string' instead.");
}

TEST(JsonPath, that_is_malformed_is_refused) {
  for (const auto* path : {"", "a", "$.", "$a", "$[", "$[]", "$['a", "$.a[b]", "$.a[1",
                           "$.a[?(@.b ==)]", "$.a[?()]", "$.a[0:1:0]", "$.a.length()",
                           "$.a[?(@.b =~ /x/)]", "$.a b", "$.a[?(1)]", "$.a[?(@.b == "}) {
    EXPECT_THROW((void)JsonPath::parse(path), Malformed) << path;
  }
  EXPECT_THROW((void)JsonPath::parse("$.a[?(" + std::string(100'000, '(')), Malformed);
  EXPECT_THROW((void)JsonPath::parse("$.a[?(" + std::string(100'000, '!')), Malformed);
}

TEST(ReferencePath, makes_the_objects_on_its_way) {
  const auto put = [](std::string_view path, const char* into) {
    const auto placed = JsonPath::parse(path).put(*parse_json(into), 7);
    return placed ? to_text(*placed) : "refused";
  };
  EXPECT_EQ(put("$", "{}"), "7");
  EXPECT_EQ(put("$.a", R"({"b":1})"), R"({"b":1,"a":7})");
  EXPECT_EQ(put("$.a.b", "{}"), R"({"a":{"b":7}})");
  EXPECT_EQ(put("$.a[1]", R"({"a":[1,2]})"), R"({"a":[1,7]})");
  EXPECT_EQ(put("$.a[2]", R"({"a":[1,2]})"), "refused");
  EXPECT_EQ(put("$.a.b", R"({"a":1})"), "refused");
  EXPECT_EQ(put("$.a", "[]"), "refused");
}

TEST(ReferencePath, has_names_and_indices_only) {
  EXPECT_TRUE(JsonPath::parse("$.a['b'][0]").is_reference());
  for (const auto* path : {"$.a[-1]", "$.a[*]", "$..a", "$.a[0:1]", "$['a','b']"}) {
    EXPECT_FALSE(JsonPath::parse(path).is_reference()) << path;
  }
}

TEST(DataText, writes_numbers_as_people_do_and_escapes_what_must_be) {
  EXPECT_EQ(to_text(*parse_json("[1, 1.0, -4.3, 1e30, 1.5e-9, 18446744073709551615]")),
            "[1,1.0,-4.3,1e+30,1.5e-09,18446744073709551615]");
  EXPECT_EQ(to_text(*parse_json("\"a\\\"\\\\\\n\\u0001\\u00e9/\"")), "\"a\\\"\\\\\\n\\u0001é/\"");
}

TEST(DataEquality, compares_numbers_by_value_and_objects_without_order) {
  EXPECT_TRUE(same_json(*parse_json(R"({"a":1,"b":[1.0]})"), *parse_json(R"({"b":[1],"a":1e0})")));
  EXPECT_FALSE(same_json(*parse_json("[1,2]"), *parse_json("[2,1]")));
  EXPECT_FALSE(same_json(1, true));
  EXPECT_FALSE(same_json(*parse_json(R"({"a":1})"), *parse_json(R"({"a":1,"b":1})")));
}

}  // namespace
}  // namespace understudy::states
