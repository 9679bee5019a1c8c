// What a careful client makes of an answer.

#include "drill/answer.h"

#include <gmock/gmock.h>

namespace understudy::drill {
namespace {

Answer answered(unsigned status, std::string body) {
  return judge_answer(Exchange{Delivery::answered, status, std::move(body), ""});
}

bool not_sold(const Answer& answer) { return std::holds_alternative<NotSold>(answer); }
bool unknown(const Answer& answer) { return std::holds_alternative<CannotKnow>(answer); }

TEST(Answer, with_an_order_is_a_sale) {
  for (const unsigned status : {200U, 201U}) {
    const auto answer =
        answered(status, R"({"order":42,"event":5,"seat":17,"epoch":7,"region":"north"})");
    const auto* sold = std::get_if<Sold>(&answer);
    ASSERT_NE(sold, nullptr);
    EXPECT_EQ(sold->order, "42");
    EXPECT_EQ(sold->event, 5);
    EXPECT_EQ(sold->seat, 17);
    EXPECT_EQ(sold->epoch, 7);
    EXPECT_EQ(sold->region, "north");
  }
}

// A try whose outcome was unknown had been sold and replicated; the new region says so to the next.
TEST(Answer, about_an_order_of_before_is_an_acknowledgement_by_whoever_gives_it) {
  const auto answer = answered(200, R"({"order":42,"event":5,"seat":17,"epoch":7,"region":"north",)"
                                    R"("acknowledged_by":{"region":"south","epoch":8}})");
  const auto* sold = std::get_if<Sold>(&answer);
  ASSERT_NE(sold, nullptr);
  EXPECT_EQ(sold->epoch, 8);
  EXPECT_EQ(sold->region, "south");
}

TEST(Answer, of_a_service_without_epochs_counts_as_epoch_0) {
  for (const char* epoch : {"", R"(,"epoch":null)", R"(,"epoch":0)"}) {
    const auto answer = answered(
        201, R"({"order":"a-1","event":5,"seat":17,"region":"north")" + std::string(epoch) + "}");
    ASSERT_TRUE(std::holds_alternative<Sold>(answer));
    EXPECT_EQ(std::get<Sold>(answer).epoch, 0);
    EXPECT_EQ(std::get<Sold>(answer).order, "a-1");
  }
}

TEST(Answer, that_says_sold_without_a_readable_order_cannot_be_known) {
  for (const char* body : {"", "<html>", "{}", R"({"order":1,"event":5,"seat":2})",
                           R"({"order":1,"event":"5","seat":2,"region":"north"})"}) {
    EXPECT_TRUE(unknown(answered(201, body))) << body;
  }
}

TEST(Answer, that_states_its_outcome_is_believed) {
  EXPECT_TRUE(not_sold(answered(503, R"({"error":"fenced","outcome":"refused"})")));
  EXPECT_TRUE(unknown(answered(503, R"({"error":"cut","outcome":"unknown"})")));
  EXPECT_TRUE(not_sold(answered(500, R"({"outcome":"refused"})")));
  EXPECT_EQ(std::get<NotSold>(answered(503, R"({"error":"fenced","outcome":"refused"})")).reason,
            "fenced");
}

TEST(Answer, of_a_proxy_is_a_refusal_only_if_no_server_was_asked) {
  EXPECT_TRUE(not_sold(answered(503, "<html>No server is available</html>")));
  EXPECT_TRUE(unknown(answered(502, "<html>Bad Gateway</html>")));
  EXPECT_TRUE(unknown(answered(504, "<html>Gateway Time-out</html>")));
  EXPECT_TRUE(unknown(answered(500, "")));
}

TEST(Answer, that_blames_the_client_is_a_refusal) {
  for (const unsigned status : {400U, 404U, 409U, 422U, 429U}) {
    EXPECT_TRUE(not_sold(answered(status, R"({"error":"no"})")));
  }
}

TEST(Answer, that_never_came_is_a_refusal_only_if_nothing_was_sent) {
  EXPECT_TRUE(not_sold(judge_answer({Delivery::never_sent, 0, "", "refused"})));
  EXPECT_TRUE(unknown(judge_answer({Delivery::cut, 0, "", "reset"})));
  EXPECT_TRUE(unknown(judge_answer({Delivery::timed_out, 0, "", "2 s"})));
}

}  // namespace
}  // namespace understudy::drill
