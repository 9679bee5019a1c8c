// The verdict as other programs and as people read it.

#include "drill/verdict_text.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tale.h"

namespace understudy::drill {
namespace {

Verdict split_brain() {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 9'900);
  tale.refuses(10'000, 12'500).sells(12'500, 13'000, kSouth).sells(13'000, 14'000, kNorth);
  tale.sells(14'000, 16'000, kSouth);
  return tale.judged();
}

TEST(VerdictJson, has_every_field_that_others_rely_on) {
  const auto json = boost::json::parse(to_json(split_brain())).as_object();
  for (const char* name : {"fault",
                           "expected",
                           "outcome",
                           "rto_ms",
                           "rto_full_ms",
                           "phases",
                           "acked",
                           "lost_acked",
                           "lost_max_age_ms",
                           "unknown",
                           "duplicate_orders",
                           "oversold",
                           "lost_seats_resold",
                           "dual_writer_ms",
                           "old_region_writes_after_promotion",
                           "page_errors",
                           "refused_but_present",
                           "invariants_broken",
                           "objectives_met",
                           "passed"}) {
    EXPECT_TRUE(json.contains(name)) << name;
  }
  EXPECT_EQ(json.at("outcome"), "fails over");
  EXPECT_EQ(json.at("rto_ms"), 2510);
  EXPECT_EQ(json.at("dual_writer_ms"), 14'000 - 12'510);
  EXPECT_EQ(json.at("lost_acked"), 110);
  EXPECT_EQ(json.at("lost").as_array().size(), 110U);
  EXPECT_EQ(json.at("invariants_broken").at(0).at("id"), "I1");
  EXPECT_EQ(json.at("objectives_met"), false);
  EXPECT_EQ(json.at("passed"), false);
}

TEST(VerdictJson, says_null_for_what_never_came) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 20'000);
  tale.views.clear();
  const auto json = boost::json::parse(to_json(tale.judged())).as_object();
  EXPECT_TRUE(json.at("rto_ms").is_null());
  EXPECT_TRUE(json.at("rto_full_ms").is_null());
  EXPECT_TRUE(json.at("lost_acked").is_null());
}

TEST(VerdictForPeople, ends_with_the_word_that_counts) {
  const auto failed = to_terminal(split_brain());
  EXPECT_THAT(failed, testing::StartsWith("region-kill: fails over"));
  EXPECT_THAT(failed, testing::HasSubstr("BROKEN I1: north acknowledged order"));
  EXPECT_THAT(failed, testing::EndsWith("FAILED\n"));
  Tale tale;
  tale.drilled.expected = Outcome::holds;
  tale.sells(0, 20'000, kNorth);
  EXPECT_THAT(to_terminal(tale.judged()), testing::EndsWith("\npassed\n"));
}

}  // namespace
}  // namespace understudy::drill
