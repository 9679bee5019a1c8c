#include "states/intrinsic.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "states/data.h"
#include "states/failure.h"

namespace understudy::states {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class IntrinsicFunction : public ::testing::Test {
 protected:
  std::string of(std::string_view call) {
    const Scope scope{input_, context_, variables_, random_};
    try {
      return Expression::parse(call).evaluate(scope, "field.$").value().is_string()
                 ? std::string(
                       Expression::parse(call).evaluate(scope, "field.$").value().get_string())
                 : Expression::parse(call).evaluate(scope, "field.$").text();
    } catch (const EvaluationFailed& failed) {
      return failed.error + ": " + failed.what;
    }
  }

  Data input_{*parse_json(R"({"n": 5, "text": "a,b", "list": [1, 1.0, 2], "f(x), y": 3})")};
  Data context_object_{*parse_json(R"({"Execution": {"Name": "one"}})")};
  std::function<const Data&()> context_ = [this]() -> const Data& { return context_object_; };
  Variables variables_;
  Random random_{1};
};

TEST_F(IntrinsicFunction, gives_what_the_language_says) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"States.Format('{} of {}', $$.Execution.Name, $.n)", "one of 5"},
      {R"(States.Format('it\'s \{{}\} \\', 1.5))", R"(it's {1.5} \)"},
      {"States.Format('{}', $.list)", "[1,1.0,2]"},
      {"States.Array(1, 'x', null, true, $.n)", R"([1,"x",null,true,5])"},
      {"States.ArrayPartition($.list, 2)", "[[1,1.0],[2]]"},
      {"States.ArrayContains($.list, 2)", "true"},
      {"States.ArrayRange(9, 1, -4)", "[9,5,1]"},
      {"States.ArrayUnique($.list)", "[1,2]"},
      {"States.ArrayLength($.list)", "3"},
      {"States.ArrayGetItem($.list, 2)", "2"},
      {"States.Base64Encode('Hällo')", "SMOkbGxv"},
      {"States.Base64Decode('SMOkbGxv')", "Hällo"},
      {"States.Hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"},
      {"States.Hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
      {"States.JsonMerge(States.StringToJson('{\"a\":1}'), States.StringToJson('{\"a\":2}'), "
       "false)",
       R"({"a":2})"},
      {"States.JsonToString($.list)", "[1,1.0,2]"},
      {"States.MathAdd(-1, $.n)", "4"},
      {"States.MathRandom(3, 4)", "3"},
      {"States.StringSplit($.text, ',')", R"(["a","b"])"},
      {"States.StringSplit('aübäcö', 'äö')", R"(["aüb","c"])"},
      {"States.StringSplit('aäb', 'ü')", R"(["aäb"])"},
      {"States.ArrayRange(1, 9223372036854775807, 9000000000000000000)", "[1,9000000000000000001]"},
      {"States.MathAdd($['f(x), y'], 1)", "4"},
  };
  for (const auto& [call, expected] : cases) EXPECT_EQ(of(call), expected) << call;
}

TEST_F(IntrinsicFunction, that_gets_what_it_cannot_use_fails_by_name) {
  for (const auto* call :
       {"States.ArrayGetItem($.list, 3)", "States.ArrayRange(1, 5, 0)",
        "States.ArrayRange(1, 5000, 1)", "States.ArrayPartition($.list, 0)",
        "States.ArrayLength($.n)", "States.Base64Decode('###')", "States.Base64Decode('/w==')",
        "States.Hash('a', 'CRC')", "States.JsonMerge($.n, $.n, false)", "States.StringToJson('{')",
        "States.MathAdd('1', 2)", "States.MathRandom(4, 4)", "States.Format('{}')",
        "States.Format('x', 1)", "States.Format('{', 1)",
        "States.MathAdd(9223372036854775807, 1)"}) {
    EXPECT_THAT(of(call), HasSubstr("States.IntrinsicFailure: The function 'States.")) << call;
  }
  EXPECT_THAT(of("States.MathAdd($.none, 1)"), HasSubstr("States.Runtime: "));
}

TEST_F(IntrinsicFunction, that_draws_gives_the_same_for_the_same_seed) {
  EXPECT_EQ(of("States.MathRandom(1, 1000000, 7)"), of("States.MathRandom(1, 1000000, 7)"));
  Random one(3);
  Random other(3);
  EXPECT_EQ(one.uuid(), other.uuid());
  EXPECT_NE(one.uuid(), one.uuid());
  EXPECT_THAT(of("States.UUID()"),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST_F(IntrinsicFunction, call_that_is_malformed_is_refused) {
  for (const auto* call :
       {"States.Nothing()", "States.UUID", "States.UUID(", "States.UUID() x", "States.UUID(1)",
        "States.MathAdd(1)", "States.Format('x)", R"(States.Format('\n'))", "States.Array(,)",
        "States.Array(x)", "States.Array([1])", "States.Array($.)"}) {
    EXPECT_THROW((void)Expression::parse(call), Malformed) << call;
  }
}

}  // namespace
}  // namespace understudy::states
