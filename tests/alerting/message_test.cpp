// What each receiver gets, to the letter.

#include "alerting/message.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace understudy::alerting {

namespace {

using testing::HasSubstr;
using testing::Not;

Message message() {
  return {.platform = "shop",
          .at = *parse_wall("2026-11-24T03:04:05Z"),
          .alert = {.subject = "north: region down",
                    .done = "failed over to south",
                    .ask = "understudy acknowledge",
                    .key = "failover-shop-1.completed"},
          .more = 12};
}

}  // namespace

TEST(Message, as_json_is_what_commands_and_plain_webhooks_read) {
  EXPECT_EQ(packed(message(), AlertFormat::json),
            R"({"platform":"shop","at":"2026-11-24T03:04:05.000Z",)"
            R"("key":"failover-shop-1.completed","subject":"north: region down",)"
            R"("done":"failed over to south","ask":"understudy acknowledge",)"
            R"("more":12,"test":false})");
}

TEST(Message, for_slack_is_one_text) {
  EXPECT_EQ(packed(message(), AlertFormat::slack),
            R"({"text":"[shop] north: region down\nUnderstudy: failed over to south\n)"
            R"(To do: understudy acknowledge\nAnd 12 more since it was last told.\n)"
            R"(2026-11-24T03:04:05.000Z\n"})");
}

TEST(Message, for_discord_calls_nobody_by_name) {
  EXPECT_EQ(packed(message(), AlertFormat::discord),
            R"({"content":"[shop] north: region down\nUnderstudy: failed over to south\n)"
            R"(To do: understudy acknowledge\nAnd 12 more since it was last told.\n)"
            R"(2026-11-24T03:04:05.000Z\n","allowed_mentions":{"parse":[]}})");
}

TEST(Message, for_teams_is_an_adaptive_card) {
  EXPECT_EQ(packed(message(), AlertFormat::teams),
            R"({"type":"message","attachments":[{"contentType":)"
            R"("application/vnd.microsoft.card.adaptive","content":{"$schema":)"
            R"("http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard",)"
            R"("version":"1.4","body":[{"type":"TextBlock","text":"[shop] north: region down",)"
            R"("wrap":true,"weight":"Bolder"},{"type":"TextBlock","text":)"
            R"("[shop] north: region down\nUnderstudy: failed over to south\n)"
            R"(To do: understudy acknowledge\nAnd 12 more since it was last told.\n)"
            R"(2026-11-24T03:04:05.000Z\n","wrap":true}]}}]})");
}

TEST(Message, that_asks_nothing_says_so_and_a_test_says_that_it_is_one) {
  Message quiet = message();
  quiet.alert.ask = "";
  quiet.more = 0;
  quiet.test = true;
  const std::string text = plain_text(quiet);
  EXPECT_THAT(text, HasSubstr("[shop] TEST: north"));
  EXPECT_THAT(text, HasSubstr("To do: nothing\n"));
  EXPECT_THAT(text, Not(HasSubstr("more since")));
}

TEST(Message, is_not_taken_for_markup_by_slack) {
  Message evil = message();
  evil.alert.done = "<!channel> & <@U1>\r\nTo do: nothing";
  const auto body = boost::json::parse(packed(evil, AlertFormat::slack)).as_object();
  EXPECT_THAT(std::string(body.at("text").as_string()),
              HasSubstr("Understudy: &lt;!channel&gt; &amp; &lt;@U1&gt;  To do: nothing\n"));
}

TEST(Message, is_cut_to_what_a_chat_takes_between_two_characters) {
  Message long_one = message();
  long_one.alert.done.clear();
  while (long_one.alert.done.size() < 5000) long_one.alert.done += "ä";
  for (const auto format : {AlertFormat::slack, AlertFormat::discord}) {
    const auto body = boost::json::parse(packed(long_one, format)).as_object();
    const std::string text(body.begin()->value().as_string());
    EXPECT_LE(text.size(), 2000U);
    EXPECT_TRUE(text.ends_with("ä...")) << "or Boost.JSON would have refused half a character";
  }
}

}  // namespace understudy::alerting
