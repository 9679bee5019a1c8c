// The report of a drill: what people read of it, and that nothing from outside becomes more than
// text.

#include "report/report.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <functional>
#include <regex>

#include "drill/course.h"
#include "drill/verdict_text.h"
#include "tale.h"

namespace understudy::report {
namespace {

namespace json = boost::json;
using drill::kNorth;
using drill::kSouth;
using drill::Tale;
using testing::HasSubstr;
using testing::Not;

/// A region dies at 0 and another one sells on after 2.5 s.
json::object a_drill() {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'500).sells(12'500, 16'000, kSouth);
  tale.ledger.marks.push_back({"fault", tale.drilled.fault_at});
  auto drill = json::parse(to_json(tale.judged())).as_object();
  drill["course"] = course_of(tale.ledger, tale.drilled.fault_at, {{-250, 12}},
                              {{"north", -900, 2100, false}, {"south", 2300, 6000, true}});
  drill["environment"] = {{"command", "understudy drill --fault region-kill"},
                          {"settings", {{"objectives", {{"rto_ms", 3200}, {"rpo_ms", 3000}}}}}};
  return drill;
}

std::vector<json::object> read(const json::value& drills) {
  auto done = read_drills(json::serialize(drills), "verdict.json");
  EXPECT_TRUE(done.ok()) << (done ? "" : done.error().what);
  return done ? std::move(*done) : std::vector<json::object>();
}

std::string refusal_of(const std::string& text) {
  auto done = read_drills(text, "verdict.json");
  return done ? "taken" : done.error().what;
}

TEST(AReport, begins_with_what_came_of_it) {
  const auto page = to_html(read(a_drill()));
  EXPECT_THAT(page, HasSubstr("✓ Passed"));
  EXPECT_THAT(page, HasSubstr("acknowledged orders again after 2.51\u00a0s"));
  EXPECT_THAT(page, HasSubstr("objective 3.20\u00a0s"));
  EXPECT_THAT(page, HasSubstr("<td>first acknowledgement of south</td>"));
  const auto text = to_markdown(read(a_drill()));
  EXPECT_THAT(text, HasSubstr("## region-kill: passed"));
  EXPECT_THAT(text, HasSubstr("| I1 | At most one region acknowledges writes at any instant | not "
                              "broken |"));
  EXPECT_THAT(text, HasSubstr("    understudy drill --fault region-kill\n"));
  EXPECT_THAT(text, HasSubstr("| south | +2.300\u00a0s | without end |"));
}

TEST(AReport, of_a_failed_drill_says_first_what_was_wrong) {
  auto drill = a_drill();
  drill["passed"] = false;
  drill["failed_checks"] = json::array{"nobody was asked"};
  drill["invariants_broken"] = json::array{json::object{{"id", "I1"}, {"evidence", "two wrote"}}};
  const auto page = to_html(read(drill));
  EXPECT_THAT(page, HasSubstr("✗ Failed"));
  EXPECT_THAT(page, HasSubstr("<li>nobody was asked</li>"));
  EXPECT_THAT(page, HasSubstr("✗ broken</b>: two wrote"));
  EXPECT_THAT(to_markdown(read(drill)), HasSubstr("**BROKEN**: two wrote"));
}

TEST(AReport, of_several_drills_begins_with_a_table_of_them) {
  const auto page = to_html(read(json::array{a_drill(), a_drill()}));
  EXPECT_THAT(page, HasSubstr("<h1>2 drills</h1>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#drill-2\">"));
  EXPECT_THAT(page, HasSubstr("<article id=\"drill-2\""));
}

TEST(AReport, of_a_verdict_without_a_course_has_no_charts_and_says_so) {
  auto drill = a_drill();
  drill.erase("course");
  drill.erase("environment");
  const auto page = to_html(read(drill));
  EXPECT_THAT(page, HasSubstr("so there are no charts"));
  EXPECT_THAT(page, Not(HasSubstr("<canvas")));
}

TEST(AReport, shows_what_comes_from_outside_as_text_only) {
  constexpr const char* kNasty = "</script><script>alert(1)</script>&\"'`|";
  auto drill = a_drill();
  drill["fault"] = kNasty;
  drill["phases"].as_array()[0].as_object()["name"] = kNasty;
  drill["failed_checks"] = json::array{kNasty};
  auto& course = drill["course"].as_object();
  course["errors"] =
      json::array{json::object{{"ingress", kNasty}, {"reason", kNasty}, {"count", 1}}};
  course["ingress"].as_array()[0].as_object()["name"] = kNasty;
  drill["environment"].as_object()["command"] = std::string(kNasty) + "\n# a heading";
  const auto page = to_html(read(drill));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("</script><")));
  const auto text = to_markdown(read(drill));
  EXPECT_THAT(text, HasSubstr("## &lt;/script>&lt;script>alert(1)&lt;/script>&amp;\"'\\`\\|"));
  EXPECT_THAT(text, Not(HasSubstr("\n# a heading")));
}

TEST(AReport, asks_the_network_for_nothing) {
  const auto page = to_html(read(a_drill()));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* pattern : {R"( src=)", R"(<link)", R"(@import)", R"(url\()"})
    EXPECT_FALSE(std::regex_search(page, std::regex(pattern))) << pattern;
}

TEST(AReport, is_refused_for_what_is_no_verdict) {
  EXPECT_THAT(refusal_of("{"), HasSubstr("verdict.json: is no JSON"));
  EXPECT_EQ(refusal_of("[7]"), "verdict.json: expected a drill's verdict, an object");
  EXPECT_EQ(refusal_of("{}"), "verdict.json: is no drill's verdict: fault: expected a text");
  auto drill = a_drill();
  drill["course"].as_object()["page_errors"].as_array().pop_back();
  EXPECT_EQ(refusal_of(json::serialize(drill)),
            "verdict.json: is no drill's verdict: course.ingress[0].acknowledged: expected as many "
            "numbers as in page_errors");
  drill = a_drill();
  drill["course"].as_object()["step_ms"] = 0;
  EXPECT_EQ(refusal_of(json::serialize(json::array{a_drill(), drill})),
            "verdict.json: drill 2: is no drill's verdict: course.step_ms: expected a length from "
            "1 to an hour");
}

/// Every place in the value, one after the other, holds something else.
void changed_everywhere(json::value& place, const std::function<void()>& look) {
  const json::value was = place;
  for (const json::value& other :
       {json::value(nullptr), json::value("x"), json::value(-1), json::value(INT64_MAX),
        json::value(1e300), json::value(json::array{1}), json::value(json::object())}) {
    place = other;
    look();
  }
  place = was;
  if (auto* object = place.if_object()) {
    for (auto& [key, inner] : *object) changed_everywhere(inner, look);
  } else if (auto* array = place.if_array(); array != nullptr && !array->empty()) {
    changed_everywhere(array->front(), look);
  }
}

TEST(AReport, is_made_or_refused_whatever_a_field_holds) {
  json::value drill = a_drill();
  drill.at("lost").as_array().clear();
  unsigned refused = 0;
  unsigned made = 0;
  changed_everywhere(drill, [&] {
    auto done = read_drills(json::serialize(drill), "verdict.json");
    ++(done ? made : refused);
    if (!done) return;
    EXPECT_THAT(to_markdown(*done), HasSubstr("# "));
  });
  EXPECT_GT(refused, 300U);
  EXPECT_GT(made, 20U);
}

}  // namespace
}  // namespace understudy::report
