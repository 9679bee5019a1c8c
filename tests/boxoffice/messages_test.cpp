// What buyers are sent: to whom, in which form, and that nobody's name can change more than a name.

#include "messages.h"

#include <gmock/gmock.h>

#include <sstream>

#include "outbox.h"
#include "rfc5322.h"
#include "ticket.h"

namespace understudy::boxoffice {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const WallTime kDate = *parse_wall("2026-11-23T13:20:11.5Z");

Mail mail() {
  return {"order-7.mail@boxoffice.example.org", "Ann", "ann@example.org", "Hi", "Text\n"};
}

std::string header_of(const std::string& message) {
  return message.substr(0, message.find("\r\n\r\n"));
}

/// The header's fields by their first lines: what a mail program takes for a field.
std::vector<std::string> fields_of(const std::string& message) {
  std::istringstream lines(header_of(message) + "\r\n");
  std::vector<std::string> fields;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with(' ')) fields.push_back(line.substr(0, line.find(':')));
  return fields;
}

TEST(Backoff, doubles_up_to_a_quarter_of_an_hour_and_ends) {
  using std::chrono::seconds;
  EXPECT_EQ(retry_after(1), seconds(1));
  EXPECT_EQ(retry_after(2), seconds(2));
  EXPECT_EQ(retry_after(5), seconds(16));
  EXPECT_EQ(retry_after(10), seconds(512));
  EXPECT_EQ(retry_after(11), seconds(900));
  EXPECT_EQ(retry_after(19), seconds(900));
  EXPECT_EQ(retry_after(20), std::nullopt);
  EXPECT_EQ(retry_after(1'000'000), std::nullopt);
}

TEST(Buyers, who_give_an_address_get_the_mail_there) {
  EXPECT_EQ(address_of("ann.b+x@mail.example.com"), "ann.b+x@mail.example.com");
}

TEST(Buyers, who_give_none_get_one_at_the_reserved_domain) {
  EXPECT_EQ(address_of("Ann"), "Ann@example.org");
  EXPECT_EQ(address_of("Ann B."), "Ann_B_@example.org");
  EXPECT_EQ(address_of("a@b"), "a_b@example.org");
  EXPECT_EQ(address_of("x\r\nBcc: y@z.example"), "x__Bcc__y_z_example@example.org");
  EXPECT_TRUE(is_address(address_of(std::string(200, '.'))));
  EXPECT_TRUE(is_address(address_of("\xC3\x84nne")));
}

TEST(Buyers, who_give_a_number_get_a_text_message_too) {
  const auto text = text_of({.order = 7, .buyer = "+491701234567", .seat = 3, .event = "E"}, "p");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->number, "+491701234567");
  EXPECT_EQ(text->message_id, "order-7.text@p.example.org");
  for (const char* buyer : {"Ann", "0170123456789", "+49", "+49170123456789012", "+49 170 1234567"})
    EXPECT_EQ(text_of({.order = 7, .buyer = buyer}, "p"), std::nullopt) << buyer;
}

TEST(Addresses, that_could_mean_more_than_an_address_are_none) {
  for (const char* text :
       {"", "a", "@b.example", "a@", "a@b", "a b@c.example", "a@b.example\r\n", "<a@b.example>",
        "a@b..example", ".a@b.example", "a.@b.example", "a@b.example>", "\xC3\xA4@b.example"})
    EXPECT_FALSE(is_address(text)) << text;
}

TEST(Messages, pass_over_the_wire_as_they_are) {
  const auto read = read_mail(to_json(mail()));
  ASSERT_TRUE(read.ok()) << read.error().what;
  EXPECT_EQ(read->message_id, mail().message_id);
  EXPECT_EQ(read->name, "Ann");
  EXPECT_EQ(read->address, "ann@example.org");
  EXPECT_EQ(read->subject, "Hi");
  EXPECT_EQ(read->text, "Text\n");
  const auto text = read_text(to_json(Text{"a@b.example", "+491701234567", "Hi"}));
  ASSERT_TRUE(text.ok()) << text.error().what;
  EXPECT_EQ(text->number, "+491701234567");
}

TEST(Messages, that_are_wrong_name_the_field) {
  const auto refused = [](Mail wrong) {
    const auto read = read_mail(to_json(wrong));
    EXPECT_FALSE(read.ok());
    return read.ok() ? "" : read.error().what;
  };
  Mail wrong = mail();
  wrong.address = "a@b.example\r\nRCPT TO:<c@d.example>";
  EXPECT_THAT(refused(wrong), HasSubstr("\"address\""));
  wrong = mail();
  wrong.subject = "a\r\nBcc: b@c.example";
  EXPECT_THAT(refused(wrong), HasSubstr("\"subject\""));
  wrong = mail();
  wrong.name = "a\nb";
  EXPECT_THAT(refused(wrong), HasSubstr("\"name\""));
  wrong = mail();
  wrong.message_id = "<x>";
  EXPECT_THAT(refused(wrong), HasSubstr("\"message_id\""));
  EXPECT_FALSE(read_mail("no JSON").ok());
  EXPECT_FALSE(read_text(R"({"message_id":"a@b.example","number":"12","text":"x"})").ok());
}

TEST(Outcomes, pass_over_the_wire_and_what_says_none_is_unknown) {
  EXPECT_TRUE(read_outcome(outcome_body(Done{})).ok());
  for (const After after : {After::unchanged_final, After::unchanged_retry, After::unknown}) {
    const auto read = read_outcome(outcome_body(Error{after, "why"}));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().after, after);
    EXPECT_EQ(read.error().what, "why");
  }
  for (const char* body : {"", "<html>502</html>", "{}", R"({"outcome":"perhaps"})"})
    EXPECT_EQ(read_outcome(body).error().after, After::unknown) << body;
}

TEST(AMail, has_the_fields_it_needs_once_each) {
  const std::string message = to_rfc5322(mail(), "box@example.org", kDate);
  EXPECT_THAT(message, StartsWith("Date: Mon, 23 Nov 2026 13:20:11 +0000\r\n"
                                  "From: box@example.org\r\n"
                                  "To: Ann\r\n <ann@example.org>\r\n"
                                  "Subject: Hi\r\n"
                                  "Message-ID: <order-7.mail@boxoffice.example.org>\r\n"));
  EXPECT_THAT(fields_of(message),
              testing::ElementsAre("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
                                   "MIME-Version", "Content-Type", "Content-Transfer-Encoding"));
  EXPECT_TRUE(message.ends_with("\r\n\r\nText\r\n"));
}

TEST(AMail, has_the_same_message_id_whenever_it_is_sent) {
  const Ticket ticket{.order = 42, .buyer = "Ann", .seat = 1, .event = "E"};
  EXPECT_EQ(mail_of(ticket, "p").message_id, "order-42.mail@p.example.org");
  EXPECT_EQ(mail_of(ticket, "p").message_id, mail_of(ticket, "p").message_id);
}

// Whatever a buyer calls himself, the mail has the fields of every mail and his name in one of
// them.
TEST(AMail, is_not_changed_by_a_buyers_name) {
  const auto usual = fields_of(to_rfc5322(mail(), "box@example.org", kDate));
  for (const char* name :
       {"a\r\nBcc: all@example.org", "a\nX: y", "a\r\n\r\n<b>", "\"Ann\" <x@y.example>, b",
        "=?UTF-8?Q?a=0D=0ABcc:_x?=", "Anne \xC3\x84", "a@b, c@d"}) {
    const Mail to = mail_of({.order = 1, .buyer = name, .event = name}, "p");
    const std::string message = to_rfc5322(to, "box@example.org", kDate);
    EXPECT_EQ(fields_of(message), usual) << message;
    EXPECT_TRUE(read_mail(to_json(to)).ok()) << name;  // and it is sent
    EXPECT_THAT(header_of(message), Not(HasSubstr("all@example.org")));
    EXPECT_THAT(header_of(message), Not(HasSubstr("x@y.example")));
  }
}

TEST(AMail, says_names_in_any_script_in_words_that_fit_a_line) {
  Mail to = mail();
  for (int i = 0; i < 40; ++i) to.name += "\xC3\x84";
  const std::string message = to_rfc5322(to, "box@example.org", kDate);
  EXPECT_THAT(message, HasSubstr("=C3=84=C3=84"));
  EXPECT_THAT(message, Not(HasSubstr("=C3?=")));  // no character in two words
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 77U) << line;
}

TEST(AMail, carries_its_text_through_any_server) {
  Mail to = mail();
  to.text = "1 = 1\n.\nends with a space \n\xC3\x84\n" + std::string(200, 'x') + "\n";
  const std::string message = to_rfc5322(to, "box@example.org", kDate);
  const std::string body = message.substr(message.find("\r\n\r\n") + 4);
  EXPECT_THAT(body, StartsWith("1 =3D 1\r\n.\r\nends with a space=20\r\n=C3=84\r\nxxx"));
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 77U) << line;
}

}  // namespace
}  // namespace understudy::boxoffice
