// What is read of timeline histories, of wal2json and of pg_waldump.

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

#include "local/timeline_history.h"
#include "local/wal2json_reader.h"
#include "local/waldump_reader.h"
#include "scratch.h"

namespace understudy {
namespace {

TimelineHistory history(std::uint64_t timeline, const std::string& file) {
  auto read = parse_timeline_history(timeline, file);
  EXPECT_TRUE(read.has_value());
  return read.value_or(TimelineHistory{});
}

TEST(TimelineHistories, part_where_the_new_one_left_the_old_one) {
  const auto parting = parting_of(history(1, ""), history(2, "1\t0/3000110\tno recovery target\n"));
  ASSERT_TRUE(parting);
  EXPECT_EQ(parting->timeline, 1U);
  EXPECT_EQ(parting->at, 0x3000110U);
  EXPECT_TRUE(parting->now_left_it);
  EXPECT_FALSE(parting->old_left_it);
}

TEST(TimelineHistories, part_at_the_earlier_end_when_both_were_promoted) {
  const auto parting = parting_of(history(2, "1 0/5000 x\n"), history(3, "# why\n\n1 0/4000 y\n"));
  ASSERT_TRUE(parting);
  EXPECT_EQ(parting->timeline, 1U);
  EXPECT_EQ(parting->at, 0x4000U);
  EXPECT_TRUE(parting->old_left_it);
}

TEST(TimelineHistories, with_one_number_and_different_beginnings_are_two) {
  const auto parting = parting_of(history(2, "1 0/5000 x\n"), history(2, "1 0/4000 y\n"));
  ASSERT_TRUE(parting);
  EXPECT_EQ(parting->timeline, 1U);
}

TEST(TimelineHistories, do_not_part_on_one_timeline) {
  const auto parting = parting_of(history(2, "1 0/5000 x\n"), history(2, "1 0/5000 x\n"));
  ASSERT_TRUE(parting);
  EXPECT_EQ(parting->at, std::nullopt);
}

TEST(TimelineHistories, are_refused_when_they_are_cut_off) {
  EXPECT_FALSE(parse_timeline_history(2, "1\n"));
  EXPECT_FALSE(parse_timeline_history(2, "1 0x3000\n"));
}

TEST(WalPositions, name_their_segment) {
  EXPECT_EQ(wal_segment_name(1, 0x3000110), "000000010000000000000003");
  EXPECT_EQ(wal_segment_name(0x1a, 0x1'FF00'0000), "0000001A00000001000000FF");
  EXPECT_EQ(format_wal_position(*parse_wal_position("1/FF0000A0")), "1/FF0000A0");
  EXPECT_FALSE(parse_wal_position("1/FF00G0"));
}

TEST(Wal2Json, keeps_every_digit_and_every_kind_of_value_as_text) {
  Wal2JsonReader reader;
  const auto take = [&](const std::string& line) {
    auto taken = reader.take(line);
    EXPECT_EQ(why(taken), "");
    return taken.ok() ? *taken : std::nullopt;
  };
  EXPECT_FALSE(take(
      R"({"action":"B","xid":745,"timestamp":"2026-11-26 17:00:00.5+00","lsn":"0/17B2A80","nextlsn":"0/17B2AB0"})"));
  EXPECT_FALSE(
      take(R"({"action":"I","schema":"public","table":"t","columns":[)"
           R"({"name":"n","type":"numeric","value":12345678901234567890.12345678901234567890},)"
           R"({"name":"i","type":"integer","value":-7},)"
           R"({"name":"b","type":"boolean","value":true},)"
           R"({"name":"x","type":"bytea","value":"00ff"},)"
           R"({"name":"z","type":"text","value":null},)"
           R"({"name":"s","type":"text","value":"a \"value\":12, \"b\""}]})"));
  const auto done = take(R"({"action":"C"})");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->xid, 745U);
  EXPECT_EQ(done->commit_lsn, 0x17B2A80U);
  ASSERT_EQ(done->changes.size(), 1U);
  EXPECT_EQ(
      boost::json::serialize(done->changes[0].values),
      R"({"n":"12345678901234567890.12345678901234567890","i":"-7","b":"true","x":"\\x00ff","z":null,"s":"a \"value\":12, \"b\""})");
}

TEST(Wal2Json, is_refused_when_it_is_cut_off) {
  Wal2JsonReader reader;
  EXPECT_FALSE(reader.take(R"({"action":"B","xid":7)").ok());
  EXPECT_FALSE(reader.take(R"({"action":"B"})").ok());
}

TEST(Waldump, counts_the_rows_of_committed_transactions_of_one_database) {
  WaldumpReader reader(5, {{16385, {"public", "orders"}}, {2619, {"pg_catalog", "pg_statistic"}}});
  const auto heap = [](const char* xid, const char* what, const char* relation) {
    return std::string("rmgr: Heap        len (rec/tot):     54/    54, tx: ") + xid +
           ", lsn: 0/01527928, prev 0/015278F8, desc: " + what + ", blkref #0: rel " + relation +
           " blk 0";
  };
  EXPECT_FALSE(reader.take(heap("       745", "INSERT off 1 flags 0x00", "1663/5/16385")));
  EXPECT_FALSE(reader.take(heap("       746", "HOT_UPDATE off 1 xmax 746", "1663/5/16385")));
  EXPECT_FALSE(reader.take(heap("       747", "DELETE off 1", "1663/5/16385"))) << "aborts";
  EXPECT_FALSE(reader.take(heap("       745", "INSERT off 1", "1663/6/16385"))) << "elsewhere";
  EXPECT_FALSE(reader.take(heap("       745", "INSERT off 1", "1663/5/2619"))) << "not the user's";
  EXPECT_FALSE(reader.take(heap("       745", "LOCK off 1", "1663/5/16385")));
  EXPECT_FALSE(reader.take(
      "rmgr: Transaction len (rec/tot): 34/34, tx: 747, lsn: 0/01, prev 0/0, desc: ABORT 2026"));
  const auto done = reader.take(
      "rmgr: Transaction len (rec/tot):     46/    46, tx:        745, lsn: 0/01527A00, prev "
      "0/015279C8, desc: COMMIT 2026-11-26 17:00:00.123 UTC; subxacts: 746; inval msgs: catcache "
      "1");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->committed_at, "2026-11-26 17:00:00.123 UTC");
  EXPECT_EQ(done->commit_lsn, 0x1527A00U);
  ASSERT_EQ(done->counts.size(), 1U);
  EXPECT_EQ(done->counts[0].table, "orders");
  EXPECT_EQ(done->counts[0].inserts, 1U);
  EXPECT_EQ(done->counts[0].updates, 1U);
  EXPECT_EQ(done->counts[0].deletes, 0U);
  EXPECT_EQ(reader.next_xid(), 748U);
}

TEST(Waldump, knows_the_next_number_from_a_snapshot_too) {
  WaldumpReader reader(5, {});
  EXPECT_EQ(reader.next_xid(), 0U);
  (void)reader.take(
      "rmgr: Standby     len (rec/tot):     50/    50, tx:          0, lsn: 0/0152, prev 0/0, "
      "desc: "
      "RUNNING_XACTS nextXid 812 latestCompletedXid 811 oldestRunningXid 812");
  EXPECT_EQ(reader.next_xid(), 812U);
}

}  // namespace
}  // namespace understudy
