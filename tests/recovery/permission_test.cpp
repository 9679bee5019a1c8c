// Switch, maintenance, interval and acknowledgement: every combination, and each row as a story.

#include "recovery/permission.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace understudy {

namespace {

struct Story {
  const char* what;
  Circumstances is;
  int row;
  Verdict verdict;
};

const Story kStories[] = {
    {"an ordinary night", {}, 170, Verdict::go},
    {"maintenance", {.maintenance = true}, 110, Verdict::no},
    {"maintenance, and switched off before", {.maintenance = true, .off = true}, 110, Verdict::no},
    {"switched off", {.off = true}, 120, Verdict::no},
    {"switched off with a failover unseen", {.off = true, .acknowledged = false}, 120, Verdict::no},
    {"a person said no", {.declined = true}, 130, Verdict::no},
    {"asked, and a person said no", {.declined = true, .ask = true}, 130, Verdict::no},
    {"set to ask", {.ask = true}, 140, Verdict::ask},
    {"the last one unseen", {.acknowledged = false}, 150, Verdict::ask},
    {"the last one unseen and just now",
     {.acknowledged = false, .interval_over = false},
     150,
     Verdict::ask},
    {"the last one seen, and just now", {.interval_over = false}, 160, Verdict::ask},
};

/// The rules once more, written apart from the table.
Verdict expected(const Circumstances& is) {
  if (is.maintenance || is.off || is.declined) return Verdict::no;
  return !is.ask && is.acknowledged && is.interval_over ? Verdict::go : Verdict::ask;
}

}  // namespace

TEST(PermissionTable, tells_each_story_by_its_row) {
  std::set<int> reached;
  for (const Story& story : kStories) {
    const Permission& row = permission(story.is);
    EXPECT_EQ(row.id, story.row) << story.what;
    EXPECT_EQ(row.verdict, story.verdict) << story.what;
    reached.insert(row.id);
  }
  EXPECT_EQ(reached.size(), 7U) << "every row has a story";
}

TEST(PermissionTable, holds_for_every_combination) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    const Circumstances is{.maintenance = (bits & 1) != 0,
                           .off = (bits & 2) != 0,
                           .declined = (bits & 4) != 0,
                           .ask = (bits & 8) != 0,
                           .acknowledged = (bits & 16) != 0,
                           .interval_over = (bits & 32) != 0};
    EXPECT_EQ(permission(is).verdict, expected(is)) << bits;
  }
}

TEST(PermissionTable, is_the_one_in_the_golden_file) {
  std::ifstream file(UNDERSTUDY_PERMISSIONS);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(describe_permissions(), golden);
}

}  // namespace understudy
