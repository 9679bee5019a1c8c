// Every execution that ends leaves a record, whatever happens to the controller meanwhile.

#include "controller/record_keeper.h"

#include <filesystem>
#include <fstream>

#include "control_room.h"
#include "local/authority.h"
#include "record/verification.h"
#include "tests/local/scratch.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class Keeper : public testing::Test {
 protected:
  Keeper() {
    EXPECT_EQ(why(make_authority(scratch_.folder(), "shop")), "");
    EXPECT_EQ(why(issue_certificate(scratch_.folder(), scratch_.folder(), "controller", {})), "");
    // Certificates are of today, and virtual time is not.
    const WallTime today(std::chrono::system_clock::now().time_since_epoch());
    room_.world.stage.shift_wall(today - room_.world.stage.wall());
  }

  RecordSources sources() {
    const http::Tls tls = certificate_files(scratch_.folder(), "controller");
    return {.folder = records_,
            .signer = std::move(
                *record::Signer::of(text_of(tls.key_file), text_of(tls.certificate_file))),
            .settings = boost::json::object{{"platform", "shop"}},
            .program = "0.1.0",
            .program_sha256 = [] { return std::string(64, 'a'); },
            .secrets = {},
            .events = [this](WallTime) { return events(); }};
  }
  Result<std::vector<boost::json::object>> events() {
    if (!events_readable_) return Error{After::unchanged_retry, "the events cannot be read"};
    std::vector<boost::json::object> all;
    for (const auto& event : room_.world.events.all) {
      boost::json::object told = event.fields;
      const WallTime at = room_.world.stage.wall() - (room_.world.stage.boot() - event.at);
      told["at_ns"] = at.time_since_epoch().count();
      told["event"] = event.name;
      all.push_back(std::move(told));
    }
    return all;
  }
  [[nodiscard]] RecordKeeper keeper() { return {room_.orchestration(), room_.journal, sources()}; }
  [[nodiscard]] Result<Done> catch_up() { return keeper().catch_up(); }

  void fail_over(std::uint64_t number = 1) {
    if (number == 1) {
      room_.settle();
      room_.world.north.path = false;
    }
    ASSERT_TRUE(room_.start(failover_document(), number));
    ASSERT_NE(room_.outcome(name(number)), "RUNNING");
    room_.world.stage.run_for(seconds(1));
  }
  static std::string name(std::uint64_t number) {
    return "failover-shop-" + std::to_string(number);
  }
  [[nodiscard]] std::string file(std::uint64_t number) const {
    return records_ + "/" + name(number) + ".record.jsonl";
  }
  [[nodiscard]] record::Verification verified(std::uint64_t number) const {
    return record::verify(text_of(file(number)), text_of(scratch_.file("authority.crt")));
  }
  [[nodiscard]] std::string without_signature(std::uint64_t number) const {
    const std::string text = text_of(file(number));
    return text.substr(0, text.rfind('\n', text.size() - 2));
  }
  [[nodiscard]] unsigned damaged() const { return room_.world.events.count("record.damaged"); }

  Scratch scratch_;
  const std::string records_ = scratch_.file("records");
  bool events_readable_ = true;
  ControlRoom room_;
};

}  // namespace

TEST_F(Keeper, leaves_a_record_that_holds_and_that_only_its_user_reads) {
  fail_over();
  ASSERT_EQ(why(catch_up()), "");
  const record::Verification found = verified(1);
  for (const auto& check : found.checks)
    EXPECT_EQ(check.verdict, record::Verdict::holds) << check.name << ": " << check.what;
  EXPECT_EQ(found.summary.status, "SUCCEEDED");
  EXPECT_EQ(found.summary.previous, record::kGenesis);
  EXPECT_EQ(mode_of(file(1)), 0600U);
  EXPECT_THAT(text_of(file(1)), HasSubstr("transition.completed"));
}

TEST_F(Keeper, writes_as_soon_as_an_execution_ends) {
  RecordKeeper at_work = keeper();
  room_.runner().when_ended([&] { at_work.note_ended(); });
  at_work.start();
  fail_over();
  EXPECT_TRUE(verified(1).holds());
  at_work.stop();
  room_.stop();
}

TEST_F(Keeper, leaves_nothing_while_an_execution_runs) {
  room_.settle();
  room_.world.north.path = false;
  ASSERT_TRUE(room_.start());
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_FALSE(std::filesystem::exists(file(1)));
  ASSERT_EQ(room_.outcome(), "SUCCEEDED");
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_TRUE(verified(1).holds());
}

TEST_F(Keeper, tells_no_token_with_which_a_person_was_asked) {
  room_.settle();
  room_.world.south.database.now.streaming = false;
  room_.world.stage.run_for(seconds(10));
  room_.world.kill(room_.world.north);
  ASSERT_TRUE(room_.start());
  ASSERT_TRUE(room_.world.stage.run_until([&] { return !room_.runner().questions().empty(); }));
  ASSERT_TRUE(room_.runner().answer({name(1), "AskOperator"}, true, "grace"));
  ASSERT_EQ(room_.outcome(), "SUCCEEDED");
  ASSERT_EQ(why(catch_up()), "");
  const ExecutionEntry& entry = room_.journal.entries.front();
  const auto history = *room_.journal.events(entry.name);
  auto replayed = states::Execution::replay(states::Machine::parse(entry.document).machine,
                                            info_of(entry), history, history.back().timestamp);
  ASSERT_TRUE(replayed);
  ASSERT_EQ(replayed->execution.given_tokens().size(), 1U);
  const std::string token = replayed->execution.given_tokens().front();
  ASSERT_TRUE(room_.journalled(token));
  const std::string text = text_of(file(1));
  EXPECT_THAT(text, Not(HasSubstr(token)));
  EXPECT_THAT(text, Not(HasSubstr(std::to_string(entry.seed))));
  const record::Verification found = verified(1);
  EXPECT_TRUE(found.holds());
  ASSERT_EQ(found.summary.answers.size(), 1U);
  EXPECT_EQ(found.summary.answers[0].by, "grace");
}

TEST_F(Keeper, that_died_between_the_end_and_the_record_writes_it_at_its_next_start) {
  fail_over();
  ASSERT_FALSE(std::filesystem::exists(file(1)));
  ASSERT_TRUE(room_.new_controller().resume_all());
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_TRUE(verified(1).holds());
}

TEST_F(Keeper, that_died_between_taking_the_place_and_the_file_writes_the_same_bytes) {
  fail_over();
  ASSERT_EQ(why(catch_up()), "");
  const std::string before = without_signature(1);
  std::filesystem::remove(file(1));
  room_.world.events.emit("record.told_later", {{"execution", name(1)}});
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_EQ(without_signature(1), before);
  EXPECT_TRUE(verified(1).holds());
}

TEST_F(Keeper, never_writes_a_record_again) {
  fail_over();
  ASSERT_EQ(why(catch_up()), "");
  const std::string before = text_of(file(1));
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_EQ(text_of(file(1)), before);
  EXPECT_EQ(room_.world.events.count("record.written"), 1U);
}

TEST_F(Keeper, whose_journal_refuses_the_place_writes_nothing_until_it_does_not) {
  fail_over();
  room_.journal.keeps.next = {Fault::refused};
  EXPECT_NE(why(catch_up()), "");
  EXPECT_FALSE(std::filesystem::exists(file(1)));
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_TRUE(verified(1).holds());
}

TEST_F(Keeper, whose_journal_took_the_place_and_lost_the_answer_writes_it_once) {
  fail_over();
  room_.journal.keeps.next = {Fault::answer_lost};
  EXPECT_NE(why(catch_up()), "");
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_TRUE(verified(1).holds());
  EXPECT_EQ(verified(1).summary.number, 1U);
}

TEST_F(Keeper, that_cannot_read_the_events_waits_and_tells) {
  RecordKeeper at_work = keeper();
  events_readable_ = false;
  fail_over();
  at_work.start();
  room_.world.stage.run_for(seconds(1));
  EXPECT_EQ(room_.world.events.count("record.failed"), 1U);
  EXPECT_EQ(room_.world.alerts.count("record.failed"), 1U);
  events_readable_ = true;
  room_.world.stage.run_for(seconds(31));
  EXPECT_TRUE(verified(1).holds());
  at_work.stop();
  room_.stop();
}

TEST_F(Keeper, chains_each_record_to_the_one_before) {
  fail_over(1);
  fail_over(2);  // north is not active any more: it fails, and is told all the same
  ASSERT_EQ(why(catch_up()), "");
  const std::vector all = {verified(1).summary, verified(2).summary};
  EXPECT_EQ(all[1].previous, all[0].hash);
  EXPECT_EQ(all[1].previous_execution, name(1));
  EXPECT_EQ(all[1].status, "FAILED");
  EXPECT_THAT(record::gaps_between(all), testing::IsEmpty());
}

TEST_F(Keeper, whose_last_record_was_removed_chains_to_it_nonetheless) {
  fail_over(1);
  ASSERT_EQ(why(catch_up()), "");
  const std::string hash = verified(1).summary.hash;
  // Nor can it be made again: the events are gone, too, and another follows.
  fail_over(2);
  ASSERT_EQ(why(catch_up()), "");
  std::filesystem::remove(file(1));
  room_.world.events.all.clear();
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_FALSE(std::filesystem::exists(file(1)));
  EXPECT_EQ(damaged(), 1U);
  EXPECT_EQ(verified(2).summary.previous, hash);
}

TEST_F(Keeper, tells_of_a_record_that_somebody_altered_and_leaves_it_as_evidence) {
  fail_over();
  ASSERT_EQ(why(catch_up()), "");
  std::string text = text_of(file(1));
  text[text.find("\"north\"") + 1] = 'N';
  std::ofstream(file(1)) << text;
  ASSERT_EQ(why(catch_up()), "");
  EXPECT_EQ(text_of(file(1)), text);
  EXPECT_EQ(damaged(), 1U);
  EXPECT_EQ(room_.world.alerts.count("record.damaged." + name(1)), 1U);
}

}  // namespace understudy::fake
