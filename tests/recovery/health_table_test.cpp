// The decision table: every row as text, and each reached by a story an operator would tell.

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <set>

#include "recovery/health.h"

namespace understudy {

namespace {

/// What no story below says is well.
constexpr Facts kWell{.quorum = true,
                      .path = true,
                      .ready = true,
                      .services = true,
                      .database = true,
                      .lease = true,
                      .patience_over = false};

struct Story {
  std::string what;
  Facts facts;
  int row;
  Decision decision;
};

std::vector<Story> stories() {
  std::vector<Story> all;
  const auto tell = [&](const std::string& what, int row, Decision decision, auto changes) {
    Facts facts = kWell;
    changes(facts);
    all.push_back({what, facts, row, decision});
  };
  tell("a quiet day", 20, Decision::stay, [](Facts&) {});
  tell("it serves, though the record was not renewed", 20, Decision::stay,
       [](Facts& f) { f.lease = false; });
  tell("two vantages are cut off", 10, Decision::hold, [](Facts& f) { f.quorum = false; });
  tell("two vantages are cut off and the third sees nothing", 10, Decision::hold,
       [](Facts& f) { f = Facts{}; });
  tell("the power is gone", 30, Decision::fail_over,
       [](Facts& f) { f.path = f.ready = f.services = f.database = f.lease = false; });
  tell("the power is gone, its lease not yet over", 30, Decision::fail_over,
       [](Facts& f) { f.path = f.ready = f.services = f.database = false; });
  tell("the load balancer died", 40, Decision::fail_over,
       [](Facts& f) { f.path = f.ready = false; });
  tell("the load balancer and every service died", 45, Decision::fail_over,
       [](Facts& f) { f.path = f.ready = f.services = false; });
  tell("a bad deploy", 50, Decision::hold, [](Facts& f) { f.ready = f.services = false; });
  tell("a bad deploy, for long", 50, Decision::hold,
       [](Facts& f) { f.ready = f.services = false, f.patience_over = true; });
  tell("the database restarts", 60, Decision::wait, [](Facts& f) { f.ready = f.database = false; });
  tell("the database does not come back", 65, Decision::fail_over,
       [](Facts& f) { f.ready = f.database = false, f.patience_over = true; });
  tell("it warms up", 70, Decision::wait, [](Facts& f) { f.ready = false; });
  tell("it never gets ready", 75, Decision::hold,
       [](Facts& f) { f.ready = false, f.patience_over = true; });
  tell("only its agent hangs", 80, Decision::fail_over,
       [](Facts& f) { f.ready = f.lease = false; });
  return all;
}

}  // namespace

TEST(DecisionTable, tells_the_stories_as_an_operator_would) {
  for (const Story& story : stories()) {
    const Row& row = decide(story.facts);
    EXPECT_EQ(row.id, story.row) << story.what;
    EXPECT_EQ(row.decision, story.decision) << story.what;
    EXPECT_EQ(&row_of(row.id), &row) << story.what;
  }
}

TEST(DecisionTable, has_no_row_without_a_story) {
  std::set<int> told;
  for (const Story& story : stories()) told.insert(story.row);
  std::set<int> reached;
  for (unsigned bits = 0; bits < 128; ++bits) {
    const auto is = [bits](unsigned fact) { return ((bits >> fact) & 1U) != 0; };
    reached.insert(decide({is(0), is(1), is(2), is(3), is(4), is(5), is(6)}).id);
  }
  EXPECT_EQ(told, reached);
}

TEST(DecisionTable, never_leaves_a_region_without_a_majority_or_while_it_serves) {
  for (unsigned bits = 0; bits < 128; ++bits) {
    const auto is = [bits](unsigned fact) { return ((bits >> fact) & 1U) != 0; };
    const Facts facts{is(0), is(1), is(2), is(3), is(4), is(5), is(6)};
    const bool leaves = decide(facts).decision == Decision::fail_over;
    const bool may = facts.quorum && !(facts.path && facts.ready);
    EXPECT_TRUE(may || !leaves) << bits;
  }
}

TEST(DecisionTable, is_the_one_that_was_reviewed) {
  std::ifstream file(UNDERSTUDY_GOLDEN);
  const std::string reviewed{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(describe_table(), reviewed)
      << "a rule was changed: put the new text into " << UNDERSTUDY_GOLDEN
      << ", so that its change is read in review";
}

}  // namespace understudy
