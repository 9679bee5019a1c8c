// Of settings and texts, what a thief could use.

#include "record/redaction.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace understudy::record {

namespace json = boost::json;

TEST(Redaction, replaces_a_secret_wherever_it_stands_in_names_and_texts_within_texts) {
  const auto value = json::parse(R"({"key-of-ada!": ["{\"token\":\"key-of-ada!\"}", 1]})");
  EXPECT_EQ(json::serialize(replaced(value, {{"key-of-ada!", "redacted"}})),
            R"({"redacted":["{\"token\":\"redacted\"}",1]})");
}

TEST(Redaction, leaves_words_alone_that_a_short_secret_would_be_found_in) {
  EXPECT_EQ(replaced(json::value("north"), {{"or", "redacted"}}), "north");
}

TEST(Redaction, of_a_secret_that_is_part_of_its_stand_in_ends) {
  EXPECT_EQ(replaced(json::value("redacted"), {{"redacted", "redacted-redacted"}}),
            "redacted-redacted");
}

TEST(Redaction, of_settings_keeps_programs_and_names_of_variables) {
  const auto settings = without_secrets(json::parse(
      R"({"services":[{"command":["/bin/web","--key=x"],"environment":{"KEY":"x"}}],
          "alerts":{"targets":[{"command":["/bin/send","x"],
                                "smtp":{"url":"smtp://ada:p@ss@mail:25"}}]},"redis":true})"));
  EXPECT_EQ(
      settings,
      json::parse(
          R"({"services":[{"command":["/bin/web","redacted"],"environment":{"KEY":"redacted"}}],
          "alerts":{"targets":[{"command":["/bin/send","redacted"],
                                "smtp":{"url":"smtp://redacted@mail:25"}}]},"redis":true})"));
}

TEST(Redaction, of_settings_of_another_shape_does_no_harm) {
  for (const char* text : {"null", "{}", R"({"services":1,"alerts":[]})", R"({"services":[1]})"})
    EXPECT_EQ(without_secrets(json::parse(text)), json::parse(text));
}

}  // namespace understudy::record
