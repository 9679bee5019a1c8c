// A region's database after a failover, on real servers: what it alone had is kept, and it follows
// the new primary.

#include <gmock/gmock.h>

#include <filesystem>

#include "local/render.h"
#include "local/salvage_file.h"
#include "local/salvage_replay.h"
#include "region_pair.h"
#include "system/file.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kA = RegionPair::kHome;
constexpr const char* kB = RegionPair::kOther;

class Unprivileged : public testing::Environment {
 public:
  void SetUp() override { become_unprivileged(); }
};
const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new Unprivileged);

class Rebuild : public testing::Test {
 protected:
  /// Sells seat 1 with a standby and seats 2 to 1+`lost` without one, then fails over.
  void lose_orders(int lost) {
    ASSERT_EQ(why(pair_.database(kA).keep_changes_since(0, pair_.soon())), "");
    pair_.buy(kA, "kept", 1);
    pair_.await_streamed(kA, kB);
    pair_.cut(kB);
    for (int i = 0; i < lost; ++i) pair_.buy(kA, "lost-" + std::to_string(i), 2 + i);
    pair_.fail_over(kA, kB);
  }

  void expect_streams_from_b() {
    pair_.buy(kB, "after", 100);
    pair_.await_streamed(kB, kA);
    EXPECT_EQ(orders(kA), orders(kB));
    EXPECT_EQ(pair_.value(kA, "SELECT count(*) FROM pg_replication_slots"), "0");
    EXPECT_EQ(
        pair_.value(kB, "SELECT active FROM pg_replication_slots WHERE slot_name = 'region_north'"),
        "t");
  }
  std::string orders(const std::string& region) {
    return pair_.value(region, "SELECT string_agg(key, ' ' ORDER BY key) FROM orders");
  }

  RegionPair pair_;
};

TEST_F(Rebuild, keeps_what_was_lost_rewinds_and_streams_again) {
  lose_orders(3);
  pair_.buy(kB, "there", 50);
  const auto rebuild = pair_.rebuild(kA);
  const auto kept = rebuild->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");
  EXPECT_EQ(kept->method, "logical-decoding");
  EXPECT_EQ(kept->transactions, 3U);
  EXPECT_EQ(kept->changes, 9U) << "order, seat and outbox row of each";
  EXPECT_EQ(mode_of(kept->file), 0600U);
  EXPECT_EQ(mode_of(fs::path(kept->file).parent_path()), 0700U);

  ASSERT_EQ(why(rebuild->rewind(pair_.soon())), "");
  ASSERT_EQ(why(rebuild->start_as_standby(pair_.soon())), "");
  expect_streams_from_b();
}

TEST_F(Rebuild, tells_what_it_kept_once_and_leaves_the_file_alone) {
  lose_orders(2);
  ASSERT_EQ(why(pair_.supervisor(kA).hold("postgres", milliseconds(10'000))), "") << "a crash";
  const auto rebuild = pair_.rebuild(kA);
  EXPECT_THAT(why(rebuild->rewind(pair_.soon())), HasSubstr("not kept yet"));
  EXPECT_THAT(why(rebuild->copy({}, pair_.soon())), HasSubstr("not kept yet"));
  EXPECT_THAT(why(rebuild->start_as_standby(pair_.soon())), HasSubstr("rewind or copy"));
  const auto first = rebuild->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(first), "");
  EXPECT_EQ(first->transactions, 2U);
  const auto written = fs::last_write_time(first->file);
  // The machine comes back in the middle: the old database runs again, fenced.
  pair_.restart_supervisor(kA);
  ASSERT_TRUE(eventually([&] { return pair_.database(kA).state(pair_.soon()).ok(); },
                         milliseconds(30'000)));
  const auto later = pair_.rebuild(kA);
  ASSERT_EQ(why(later->rewind(pair_.soon())), "") << "it looks anew at what was kept";
  const auto second = later->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(second), "");
  EXPECT_EQ(second->transactions, 2U);
  EXPECT_EQ(second->file, first->file);
  ASSERT_EQ(why(later->start_as_standby(pair_.soon())), "");
  const auto untouched = fs::last_write_time(first->file);
  EXPECT_GE(untouched, written);
  EXPECT_EQ(why(later->keep_lost_tail(2, pair_.soon())), "");
  EXPECT_EQ(fs::last_write_time(first->file), untouched);
  expect_streams_from_b();
}

TEST_F(Rebuild, copies_what_was_left_half_rewound) {
  lose_orders(1);
  const auto rebuild = pair_.rebuild(kA);
  ASSERT_EQ(why(rebuild->keep_lost_tail(2, pair_.soon())), "");
  // As a crash in the middle of pg_rewind leaves it; and half a copy from another try.
  fs::rename(pair_.folder(kA) + "/postgres", pair_.folder(kA) + "/postgres.rewinding");
  fs::create_directories(pair_.folder(kA) + "/postgres.new/base");
  const auto rewound = rebuild->rewind(pair_.soon());
  ASSERT_FALSE(rewound.ok());
  EXPECT_EQ(rewound.error().after, After::unchanged_final);
  std::vector<unsigned> progress;
  ASSERT_EQ(
      why(rebuild->copy([&](unsigned percent) { progress.push_back(percent); }, pair_.soon())), "");
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back(), 100U);
  EXPECT_FALSE(fs::exists(pair_.folder(kA) + "/postgres.rewinding"));
  EXPECT_FALSE(fs::exists(pair_.folder(kA) + "/postgres.new"));
  EXPECT_EQ(why(rebuild->copy({}, pair_.soon())), "") << "done already";
  ASSERT_EQ(why(rebuild->start_as_standby(pair_.soon())), "");
  expect_streams_from_b();
}

TEST_F(Rebuild, counts_rows_where_the_slot_is_missing) {
  pair_.cut(kB);
  pair_.buy(kA, "lost", 7);
  pair_.fail_over(kA, kB);
  const auto kept = pair_.rebuild(kA)->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");
  EXPECT_EQ(kept->method, "waldump");
  EXPECT_EQ(kept->transactions, 1U);
  EXPECT_EQ(kept->changes, 3U);
  auto reader = SalvageReader::open(kept->file);
  ASSERT_EQ(why(reader), "");
  const auto transaction = reader->next();
  ASSERT_TRUE(transaction.ok() && transaction->has_value());
  std::map<std::string, std::uint64_t> inserted;
  for (const SalvagedCount& count : (*transaction)->counts) inserted[count.table] = count.inserts;
  EXPECT_EQ(inserted,
            (std::map<std::string, std::uint64_t>{{"orders", 1}, {"outbox", 1}, {"seats", 0}}));
  EXPECT_FALSE(fs::is_empty(pair_.folder(kA) + "/salvage/epoch-2.wal"));
}

TEST_F(Rebuild, starts_as_a_standby_at_once_when_nothing_was_lost) {
  pair_.buy(kA, "kept", 1);
  const auto rebuild = pair_.rebuild(kA);
  // A clean shutdown sends all it has, its last record included.
  ASSERT_EQ(why(pair_.supervisor(kA).stop("postgres", milliseconds(30'000))), "");
  pair_.fail_over(kA, kB);
  const auto kept = rebuild->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");
  EXPECT_EQ(kept->method, "nothing-lost");
  EXPECT_EQ(kept->file, "");
  ASSERT_EQ(why(rebuild->rewind(pair_.soon())), "");
  ASSERT_EQ(why(rebuild->start_as_standby(pair_.soon())), "");
  expect_streams_from_b();
}

TEST_F(Rebuild, refuses_to_overwrite_for_a_database_that_was_not_promoted) {
  ASSERT_EQ(why(pair_.database(kA).keep_changes_since(0, pair_.soon())), "");
  const auto rebuild = pair_.rebuild(kA);
  EXPECT_THAT(why(rebuild->keep_lost_tail(2, pair_.soon())), HasSubstr("no primary"));
  EXPECT_THAT(why(rebuild->copy({}, pair_.soon())), HasSubstr("no primary"));
  EXPECT_TRUE(fs::exists(pair_.folder(kA) + "/postgres/PG_VERSION"));
}

class Salvage : public Rebuild {
 protected:
  /// What a replay of the file makes of each transaction.
  std::vector<ReplayedTransaction> replay(const std::string& file,
                                          SalvageReplay::Rehearse rehearse) {
    auto reader = SalvageReader::open(file);
    EXPECT_EQ(why(reader), "");
    auto replay = SalvageReplay::open(application_conninfo(pair_.layout(), kB, pair_.secrets()),
                                      reader->header(), rehearse, milliseconds(30'000));
    EXPECT_EQ(why(replay), "");
    std::vector<ReplayedTransaction> all;
    while (replay) {
      auto next = reader->next();
      if (!next || !*next) break;
      auto done = replay->replay(**next);
      EXPECT_EQ(why(done), "");
      if (!done) break;
      all.push_back(*done);
    }
    return all;
  }
  std::vector<ReplayOutcome> outcomes(const std::vector<ReplayedTransaction>& all) {
    std::vector<ReplayOutcome> each;
    for (const ReplayedTransaction& one : all) each.push_back(one.outcome);
    return each;
  }
};

TEST_F(Salvage, brings_back_what_nothing_stands_in_the_way_of_and_only_once) {
  // Seats 2 and 3 are lost. In the new region seat 3 is sold to somebody else.
  lose_orders(2);
  // So that the numbers of the lost orders are given again.
  pair_.run(kB, "SELECT setval('orders_id_seq', 1), setval('outbox_id_seq', 1)");
  pair_.buy(kB, "there", 3);
  const auto kept = pair_.rebuild(kA)->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");

  const auto rehearsed = replay(kept->file, SalvageReplay::Rehearse::yes);
  EXPECT_THAT(outcomes(rehearsed), ElementsAre(ReplayOutcome::applied, ReplayOutcome::conflict));
  EXPECT_EQ(orders(kB), "kept there") << "nothing was changed";

  const auto done = replay(kept->file, SalvageReplay::Rehearse::no);
  ASSERT_THAT(outcomes(done), ElementsAre(ReplayOutcome::applied, ReplayOutcome::conflict));
  EXPECT_EQ(orders(kB), "kept lost-0 there");
  EXPECT_EQ(pair_.value(kB,
                        "SELECT count(*) FROM outbox b JOIN orders o ON o.id = b.order_id WHERE "
                        "o.key = 'lost-0'"),
            "1")
      << "under the numbers that they have there";
  EXPECT_EQ(pair_.value(kB, "SELECT state FROM seats WHERE event = 1 AND seat = 2"), "sold");
  const ReplayConflict& conflict = done[1].conflicts.at(0);
  EXPECT_EQ(conflict.change, "insert into public.orders");
  EXPECT_EQ(conflict.row.at("key").as_string(), "lost-1");
  EXPECT_EQ(conflict.row.at("seat").as_string(), "3");
  EXPECT_THAT(conflict.why, HasSubstr("orders_seat"));
  EXPECT_THAT(conflict.there, HasSubstr("\"key\": \"there\""));

  const auto again = replay(kept->file, SalvageReplay::Rehearse::no);
  EXPECT_THAT(outcomes(again), ElementsAre(ReplayOutcome::already_there, ReplayOutcome::conflict));
  EXPECT_EQ(orders(kB), "kept lost-0 there");
  // The next order gets a number of its own.
  pair_.buy(kB, "next", 60);
}

TEST_F(Salvage, leaves_a_row_alone_that_was_changed_or_is_gone_on_the_new_side) {
  ASSERT_EQ(why(pair_.database(kA).keep_changes_since(0, pair_.soon())), "");
  pair_.run(kA,
            "INSERT INTO short_links (code, event, epoch, region) VALUES ('changed', 1, 1, 'a'), "
            "('gone', 1, 1, 'a'), ('quiet', 1, 1, 'a')");
  pair_.await_streamed(kA, kB);
  pair_.cut(kB);
  for (const char* code : {"changed", "gone", "quiet", "quiet"})
    pair_.run(
        kA, std::string("UPDATE short_links SET clicks = clicks + 1 WHERE code = '") + code + "'");
  pair_.run(kA, "DELETE FROM short_links WHERE code = 'quiet'");
  pair_.fail_over(kA, kB);
  pair_.run(kB, "UPDATE short_links SET clicks = 5 WHERE code = 'changed'");
  pair_.run(kB, "DELETE FROM short_links WHERE code = 'gone'");
  const auto kept = pair_.rebuild(kA)->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");
  const auto done = replay(kept->file, SalvageReplay::Rehearse::no);
  EXPECT_THAT(outcomes(done),
              ElementsAre(ReplayOutcome::conflict, ReplayOutcome::conflict, ReplayOutcome::applied,
                          ReplayOutcome::applied, ReplayOutcome::applied));
  EXPECT_THAT(done[0].conflicts.at(0).why, HasSubstr("changed after the failover"));
  EXPECT_THAT(done[1].conflicts.at(0).why, HasSubstr("no such row"));
  EXPECT_EQ(pair_.value(kB, "SELECT string_agg(code || ' ' || clicks, ',') FROM short_links"),
            "changed 5");
}

}  // namespace
}  // namespace understudy
