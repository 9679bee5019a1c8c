// Could a failover succeed? Every question by situations, what is not known, and the score.

#include "readiness/readiness.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "stories.h"

namespace understudy::fake {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Change = std::function<void(ReadinessFacts&)>;

class Ready : public testing::Test {
 protected:
  [[nodiscard]] Readiness judged(const Change& change = [](ReadinessFacts&) {}) const {
    ReadinessFacts facts = ready_facts(topology_);
    change(facts);
    return judge_readiness(topology_, facts);
  }
  static Answer answer(const Readiness& readiness, int id) {
    for (const auto& [question, given] : readiness.answers) {
      if (question.id == id) return given;
    }
    ADD_FAILURE() << "no question " << id;
    return {};
  }
  static std::set<int> unknowns(const Readiness& readiness) {
    std::set<int> ids;
    for (const auto& [question, given] : readiness.answers) {
      if (given.state == Answer::State::unknown) ids.insert(question.id);
    }
    return ids;
  }

  const Topology topology_ = ready_platform();
};

}  // namespace

TEST_F(Ready, is_a_platform_of_which_nothing_is_wrong) {
  const Readiness readiness = judged();
  for (const auto& [question, given] : readiness.answers)
    EXPECT_EQ(given.state, Answer::State::ok) << question.name << ": " << given.cause;
  EXPECT_TRUE(readiness.ready());
  EXPECT_EQ(readiness.score(), 100);
  EXPECT_EQ(readiness.active, "north");
  EXPECT_EQ(readiness.target, "south");
}

TEST_F(Ready, is_not_what_a_story_tells) {
  for (const ReadinessStory& story : readiness_stories()) {
    const Answer given = answer(judged(story.change), story.id);
    EXPECT_EQ(given.state, Answer::State::finding) << story.what;
    EXPECT_EQ(to_string(given.severity), to_string(story.severity)) << story.what;
    EXPECT_THAT(given.cause, HasSubstr(story.cause)) << story.what;
    EXPECT_FALSE(given.advice.empty()) << story.what;
  }
}

TEST_F(Ready, has_a_story_for_every_question_as_grave_as_the_question) {
  std::set<int> told;
  for (const ReadinessStory& story : readiness_stories()) told.insert(story.id);
  for (const Question& question : readiness_questions()) {
    EXPECT_TRUE(told.contains(question.id)) << question.name;
    const auto all = readiness_stories();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const ReadinessStory& story) {
      return story.id == question.id && story.severity == question.severity;
    })) << question.name;
  }
}

TEST_F(Ready, is_said_by_the_regions_names_once_they_have_changed_parts) {
  const Readiness readiness = judged([&](ReadinessFacts& facts) {
    facts.record->active = "south";
    facts.record->standby.reset();
  });
  EXPECT_EQ(readiness.target, "north");
  EXPECT_THAT(answer(readiness, 30).cause, HasSubstr("north is not attached"));
}

TEST_F(Ready, is_not_what_is_not_known) {
  const Readiness blind = judged([](ReadinessFacts& facts) {
    facts.record.reset();
    facts.drills.reset();
    facts.drills_problem = "permission denied";
  });
  EXPECT_FALSE(blind.ready());
  EXPECT_EQ(blind.active, "");
  for (const auto& [question, given] : blind.answers) {
    if (question.id == 10 || question.id == 610) continue;  // found, and about nobody's part
    EXPECT_EQ(given.state, Answer::State::unknown) << question.name;
    EXPECT_EQ(to_string(given.severity), to_string(question.severity)) << question.name;
  }
}

TEST_F(Ready, asks_nothing_of_a_region_that_does_not_answer) {
  const auto gone = [](RegionFacts& region) {
    region.status.reset();
    region.status_problem = "timed out";
    region.inspection.reset();
    region.inspection_problem = "timed out";
    region.clock.reset();
  };
  const Readiness without_standby = judged([&](ReadinessFacts& facts) { gone(south(facts)); });
  EXPECT_THAT(unknowns(without_standby),
              testing::ElementsAre(110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 210, 300, 310,
                                   320, 330, 340, 350, 360, 370, 400, 500, 510, 520));
  const Readiness without_active = judged([&](ReadinessFacts& facts) { gone(north(facts)); });
  EXPECT_THAT(unknowns(without_active),
              testing::ElementsAre(70, 130, 140, 150, 160, 170, 180, 190, 210, 220, 230, 310, 320,
                                   330, 340, 380, 500, 510, 520));
  EXPECT_THAT(answer(without_active, 160).cause, HasSubstr("north's agent"));
}

TEST_F(Ready, does_not_take_a_silent_database_disk_or_supervisor_for_a_good_one) {
  const Readiness no_database = judged([](ReadinessFacts& facts) {
    south(facts).inspection->database.reset();
    south(facts).inspection->database_problem = "starting up";
  });
  EXPECT_THAT(unknowns(no_database), testing::ElementsAre(150, 160, 170, 180, 190));
  const Readiness no_supervisor = judged([](ReadinessFacts& facts) {
    south(facts).inspection->services.clear();
    south(facts).inspection->configurations.clear();
    south(facts).inspection->services_problem = "nobody listens";
  });
  EXPECT_THAT(unknowns(no_supervisor),
              testing::ElementsAre(300, 310, 320, 330, 340, 350, 360, 370, 400));
  const Readiness no_disk =
      judged([](ReadinessFacts& facts) { south(facts).inspection->disk_bytes = 0; });
  EXPECT_THAT(unknowns(no_disk), testing::ElementsAre(200, 210));
  const Readiness no_commit = judged([](ReadinessFacts& facts) {
    database_of(south(facts)).replayed = 0;
    database_of(south(facts)).newest_commit.reset();
  });
  EXPECT_THAT(unknowns(no_commit), testing::ElementsAre(130));
}

TEST_F(Ready, is_a_standby_that_has_all_though_nothing_was_committed_for_an_hour) {
  const Readiness readiness = judged(
      [](ReadinessFacts& facts) { database_of(south(facts)).newest_commit = kReadyAt - 1h; });
  EXPECT_EQ(answer(readiness, 130).state, Answer::State::ok);
}

TEST_F(Ready, reckons_the_lag_by_the_clock_of_the_region_that_committed) {
  const auto lagging = [](Duration ahead) {
    return [ahead](ReadinessFacts& facts) {
      north(facts).clock->ahead = ahead;
      database_of(south(facts)).replayed = 10;
      database_of(south(facts)).newest_commit = kReadyAt - 2s;
    };
  };
  EXPECT_EQ(answer(judged(lagging(0s)), 130).state, Answer::State::ok);
  EXPECT_EQ(answer(judged(lagging(2s)), 130).state, Answer::State::finding);
}

TEST_F(Ready, forgives_a_clock_what_the_way_there_may_have_taken) {
  const auto asked = [](Duration ahead, Duration uncertain) {
    return [=](ReadinessFacts& facts) { south(facts).clock = ClockReading{ahead, uncertain}; };
  };
  EXPECT_EQ(answer(judged(asked(300ms, 60ms)), 500).state, Answer::State::ok);
  EXPECT_EQ(answer(judged(asked(300ms, 40ms)), 500).state, Answer::State::finding);
  EXPECT_EQ(answer(judged(asked(0ms, 400ms)), 500).state, Answer::State::unknown);
}

TEST_F(Ready, says_once_what_is_missing_or_names_the_other_region) {
  const Readiness readiness = judged([](ReadinessFacts& facts) {
    auto& worker = configuration_of(south(facts), "worker");
    worker.missing = {"TOKEN"};
    worker.variables.erase("TOKEN");
    worker.foreign = {"DATABASE_URL names 127.0.1.1"};
    worker.variables["DATABASE_URL"] = "u2";
  });
  EXPECT_EQ(answer(readiness, 320).state, Answer::State::finding);
  EXPECT_EQ(answer(readiness, 330).state, Answer::State::finding);
  EXPECT_EQ(answer(readiness, 340).state, Answer::State::ok);
}

TEST_F(Ready, is_scored_by_what_blocks_then_by_what_degrades_and_notes) {
  const auto with = [&](std::vector<int> ids) {
    return judged([&](ReadinessFacts& facts) {
             for (const int id : ids) {
               const auto all = readiness_stories();
               std::find_if(all.begin(), all.end(), [&](const ReadinessStory& s) {
                 return s.id == id;
               })->change(facts);
             }
           })
        .score();
  };
  EXPECT_EQ(with({600}), 98);
  EXPECT_EQ(with({600, 610}), 96);
  EXPECT_EQ(with({150}), 90);
  EXPECT_EQ(with({150, 520, 600}), 78);
  EXPECT_EQ(with({230, 600}), 0);
  Readiness worst = judged();
  for (auto& [question, given] : worst.answers) {
    given.state = Answer::State::unknown;
    given.severity = Severity::degrades;
  }
  EXPECT_TRUE(worst.ready());
  EXPECT_EQ(worst.score(), 1);
}

TEST_F(Ready, predicts_by_the_newest_drills_of_this_very_platform) {
  ReadinessFacts facts = ready_facts(topology_);
  facts.drills->clear();
  EXPECT_FALSE(predict(facts));
  for (int i = 0; i < 30; ++i) facts.drills->push_back(past_drill(24h * (40 - i), 100 + i));
  PastDrill other = past_drill(1h, 9000);
  other.platform_digest = "p0";
  facts.drills->push_back(other);
  other = past_drill(1h, 9000);
  other.fault = "path-cut";
  facts.drills->push_back(other);
  const auto predicted = predict(facts);
  ASSERT_TRUE(predicted);
  EXPECT_EQ(predicted->drills, 20U);
  EXPECT_EQ(predicted->rto_median_ms, 119);
  EXPECT_EQ(predicted->rto_p90_ms, 127);
  EXPECT_EQ(predicted->rto_full_p90_ms, 1127);
}

TEST(ReadinessTable, is_in_the_docs_as_it_is_in_the_code) {
  std::ifstream file(UNDERSTUDY_READINESS_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(page, HasSubstr(describe_readiness())) << "docs/readiness.md: put this there\n"
                                                     << describe_readiness();
}

}  // namespace understudy::fake
