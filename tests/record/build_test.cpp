// What is in a record, and what is not.

#include "record/build.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>

#include "record/canonical.h"
#include "record/redaction.h"
#include "tale.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<json::object> entries_of(const Material& material) {
  std::vector<json::object> entries;
  for (const std::string& line : lines_in(build(material).text()))
    entries.push_back(json::parse(line).as_object());
  return entries;
}

/// "kind name", of entries beside the history.
std::vector<std::string> told(const std::vector<json::object>& entries) {
  std::vector<std::string> names;
  for (const json::object& entry : entries) {
    const auto* name = entry.at("content").as_object().if_contains("event");
    if (name != nullptr)
      names.push_back(json::value_to<std::string>(entry.at("kind")) + " " +
                      json::value_to<std::string>(*name));
  }
  return names;
}

}  // namespace

TEST(TheRecord, begins_with_what_was_to_be_done_and_by_which_settings) {
  const Tale tale = tale_of_a_failover();
  const auto entries = entries_of(tale.material);
  EXPECT_EQ(entries.front().at("kind"), "start");
  EXPECT_EQ(entries.front().at("previous"), "genesis");
  const json::object& start = entries.front().at("content").as_object();
  EXPECT_EQ(start.at("execution"), "failover-shop-1");
  EXPECT_EQ(start.at("document").as_string(), tale.material.document);
  EXPECT_EQ(start.at("document_sha256").as_string(), sha256(tale.material.document));
  EXPECT_EQ(start.at("transition").at("number"), 1);
  EXPECT_EQ(start.at("settings").at("policy").at("lag_budget_ms"), 3000);
  EXPECT_EQ(start.at("program").at("version"), "0.1.0");
}

TEST(TheRecord, ends_with_metrics_and_the_count) {
  const auto entries = entries_of(tale_of_a_failover().material);
  EXPECT_EQ(entries[entries.size() - 2].at("kind"), "metrics");
  EXPECT_EQ(entries.back().at("kind"), "end");
  EXPECT_EQ(entries.back().at("content").at("entries"), entries.size());
  EXPECT_EQ(entries.back().at("content").at("status"), "SUCCEEDED");
}

TEST(TheRecord, holds_every_event_of_the_history_in_its_order) {
  const Tale tale = tale_of_a_failover();
  std::vector<std::uint64_t> ids;
  for (const json::object& entry : entries_of(tale.material)) {
    if (entry.at("kind") == "history")
      ids.push_back(entry.at("content").at("id").to_number<std::uint64_t>());
  }
  ASSERT_EQ(ids.size(), tale.material.history.size());
  for (std::size_t at = 0; at < ids.size(); ++at) EXPECT_EQ(ids[at], at + 1);
}

TEST(TheRecord, tells_of_what_concerns_it_and_of_peoples_orders_until_its_end) {
  EXPECT_THAT(told(entries_of(tale_of_a_failover().material)),
              ElementsAre("order automation.set", "event health.decided", "event failover.started",
                          "event database.failed", "order standby.detached",
                          "order operator.approved", "event execution.ended"));
}

TEST(TheRecord, leaves_orders_to_the_record_before_that_were_given_before_its_end) {
  Tale tale = tale_of_a_failover();
  tale.material.orders_since = tale.material.started - std::chrono::hours(1);
  EXPECT_THAT(told(entries_of(tale.material)), Not(testing::Contains("order automation.set")));
}

TEST(TheRecord, of_a_controller_that_died_over_the_end_takes_nothing_that_came_much_later) {
  Tale tale = tale_of_a_failover();
  auto& events = tale.material.events;
  std::erase_if(events,
                [](const json::object& event) { return event.at("event") == "execution.ended"; });
  EXPECT_THAT(told(entries_of(tale.material)),
              Not(testing::Contains("order failover.acknowledged")));
}

TEST(TheRecord, of_a_clock_that_was_put_back_keeps_each_sources_own_order) {
  Tale tale = tale_of_a_failover();
  const WallTime started = tale.material.started;
  tale.material.events = {
      event_at(started + std::chrono::seconds(3), "b.second", {{"execution", "failover-shop-1"}}),
      event_at(started - std::chrono::seconds(3), "a.first", {{"execution", "failover-shop-1"}})};
  EXPECT_THAT(told(entries_of(tale.material)), ElementsAre("event b.second", "event a.first"));
}

TEST(TheRecord, is_the_same_bytes_each_time) {
  const Tale tale = tale_of_a_failover();
  EXPECT_EQ(build(tale.material).text(), build(tale.material).text());
}

TEST(TheRecord, of_an_execution_that_did_nothing_is_one_all_the_same) {
  Tale tale = tale_of_a_failover();
  tale.material.history.clear();
  tale.material.events.clear();
  tale.material.status = "ABORTED";
  EXPECT_EQ(entries_of(tale.material).size(), 3U);
}

TEST(TheRecord, tells_no_secret) {
  const Tale tale = tale_of_a_failover();
  ASSERT_EQ(tale.token.size(), 64U);
  const auto journalled = std::ranges::any_of(tale.material.history, [&](const auto& event) {
    return states::to_text(event).find(tale.token) != std::string::npos;
  });
  ASSERT_TRUE(journalled) << "there is nothing to be redacted, so this test proves nothing";
  const std::string text = build(tale.material).text();
  for (const std::string& secret :
       {tale.token, std::string(kSeedOfTheTale), std::string("0123456789abcdef"),
        std::string("stack-password"), std::string("a-very-secret-key"),
        std::string("hunter2hunter2"), std::string("token-of-ops"), std::string("mail-password")}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(text, HasSubstr(stand_in_for_token(tale.token)));
  EXPECT_THAT(text, HasSubstr("password=redacted host=127.0.1.1"));
}

TEST(TheRecord, leaves_no_rest_of_a_secret_that_begins_like_another) {
  Tale tale = tale_of_a_failover();
  tale.material.secrets = {"stack-password", "stack-password-of-replication"};
  tale.material.events = {event_at(
      tale.material.started, "a.event",
      {{"execution", "failover-shop-1"}, {"conninfo", "password=stack-password-of-replication"}})};
  const std::string text = build(tale.material).text();
  EXPECT_THAT(text, HasSubstr("password=redacted\""));
  EXPECT_THAT(text, Not(HasSubstr("of-replication")));
}

TEST(TheRecord, of_a_history_that_does_not_fit_its_document_tells_no_parameters_with_tokens) {
  Tale tale = tale_of_a_failover();
  tale.material.info.arn += "-of-another";  // so that nobody can tell which tokens there were
  const std::string text = build(tale.material).text();
  EXPECT_THAT(text, Not(HasSubstr(tale.token)));
}

}  // namespace understudy::record
