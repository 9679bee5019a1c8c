// Real SMTP conversations: what the server's answers leave behind.

#include "smtp.h"

#include <gmock/gmock.h>

#include "smtp_peer.h"

namespace understudy::boxoffice {
namespace {

using test::SmtpPeer;
using testing::HasSubstr;

const Mail kMail{"order-7.mail@p.example.org", "Ann", "ann@example.org", "Hi", "Text\n"};
const std::string kMessage = "Subject: Hi\r\n\r\nfirst\r\n.\r\n.second\r\n";

SmtpServer server_at(const SmtpPeer& peer) {
  return {.url = peer.url(), .from = "box@example.org", .timeout = std::chrono::seconds(10)};
}

Result<Done> send_to(const SmtpPeer& peer) { return Smtp(server_at(peer)).carry(kMail, kMessage); }

void expect_error(const SmtpPeer& peer, After after) {
  const auto sent = send_to(peer);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, after) << sent.error().what;
  EXPECT_THAT(sent.error().what, testing::StartsWith("smtp: "));
}

TEST(SmtpConversation, carries_the_message_as_it_is) {
  const SmtpPeer peer;
  const auto sent = send_to(peer);
  ASSERT_TRUE(sent.ok()) << sent.error().what;
  EXPECT_THAT(peer.messages(), testing::ElementsAre(kMessage));
  EXPECT_THAT(peer.commands(),
              testing::Contains(testing::StartsWith("MAIL FROM:<box@example.org>")));
  EXPECT_THAT(peer.commands(), testing::Contains("RCPT TO:<ann@example.org>"));
}

TEST(SmtpConversation, a_temporary_no_is_tried_again) {
  expect_error(SmtpPeer(SmtpPeer::Replies{{"RCPT", "450 mailbox busy"}}), After::unchanged_retry);
  expect_error(SmtpPeer(SmtpPeer::Replies{{"DATA", "451 later"}}), After::unchanged_retry);
  expect_error(SmtpPeer(SmtpPeer::Replies{{".", "452 no room"}}), After::unchanged_retry);
}

TEST(SmtpConversation, a_final_no_is_not) {
  expect_error(SmtpPeer(SmtpPeer::Replies{{"RCPT", "550 no such user"}}), After::unchanged_final);
  expect_error(SmtpPeer(SmtpPeer::Replies{{".", "554 refused"}}), After::unchanged_final);
}

TEST(SmtpConversation, that_breaks_before_the_message_has_left_it_unsent) {
  expect_error(SmtpPeer(SmtpPeer::Replies{{"MAIL", ""}}), After::unchanged_retry);
  expect_error(SmtpPeer(SmtpPeer::Replies{{"DATA", ""}}), After::unchanged_retry);
}

TEST(SmtpConversation, that_breaks_after_the_message_leaves_it_unknown) {
  expect_error(SmtpPeer(SmtpPeer::Replies{{".", ""}}), After::unknown);
}

TEST(SmtpConversation, nobody_listens) {
  Smtp smtp({.url = "smtp://127.0.0.1:1", .from = "box@example.org"});
  EXPECT_EQ(smtp.carry(kMail, kMessage).error().after, After::unchanged_retry);
}

TEST(SmtpConversation, that_breaks_at_the_farewell_has_sent_it) {
  EXPECT_TRUE(send_to(SmtpPeer(SmtpPeer::Replies{{"QUIT", ""}})).ok());
}

TEST(SmtpConversation, no_password_goes_out_in_the_clear) {
  const SmtpPeer peer(SmtpPeer::Replies{{"EHLO", "250-peer\r\n250 AUTH PLAIN LOGIN"}});
  SmtpServer server = server_at(peer);
  server.user = "box";
  server.password = "hidden";
  const auto sent = Smtp(server).carry(kMail, kMessage);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, After::unchanged_retry);
  EXPECT_THAT(peer.commands(), testing::Not(testing::Contains(HasSubstr("AUTH"))));
  EXPECT_THAT(sent.error().what, testing::Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace understudy::boxoffice
