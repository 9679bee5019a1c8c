// The notifications service by itself: its settings, who may ask, and what it answers.

#include "notifications.h"

#include <gmock/gmock.h>

#include <atomic>
#include <map>

#include "system/http_server.h"
#include "worker_role.h"

namespace understudy::boxoffice {
namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

Variables good() {
  return {{"NOTIFICATIONS_TOKEN", "hidden"}, {"MAIL_FOLDER", "mail"}, {"TEXT_FILE", "texts"}};
}

TEST(NotificationsSettings, are_read) {
  auto variables = good();
  const auto folder = read_notifications_settings(environment(variables));
  ASSERT_TRUE(folder.ok()) << folder.error().what;
  EXPECT_EQ(folder->mail_folder, "mail");
  EXPECT_FALSE(folder->smtp.has_value());
  variables["SMTP_URL"] = "smtps://127.0.0.1:465";
  variables["SMTP_USER"] = "u";
  variables["SMTP_PASSWORD"] = "p";
  const auto smtp = read_notifications_settings(environment(variables));
  ASSERT_TRUE(smtp.ok()) << smtp.error().what;
  EXPECT_EQ(smtp->smtp->user, "u");
  EXPECT_EQ(smtp->smtp->from, "boxoffice@example.org");
}

TEST(NotificationsSettings, that_are_wrong_name_the_variable_in_one_line_without_secrets) {
  const std::pair<const char*, Variables> wrong[] = {
      {"NOTIFICATIONS_TOKEN", {{"NOTIFICATIONS_TOKEN", ""}}},
      {"SMTP_URL", {{"MAIL_FOLDER", ""}}},
      {"SMTP_URL", {{"SMTP_URL", "http://host"}}},
      {"SMTP_URL", {{"SMTP_URL", "smtp://"}}},
      {"SMTP_URL", {{"SMTP_URL", "smtp://user:hidden@host:25"}}},
      {"SMTP_PASSWORD", {{"SMTP_URL", "smtp://host"}, {"SMTP_USER", "u"}}},
      {"SMTP_USER", {{"SMTP_URL", "smtp://host"}, {"SMTP_PASSWORD", "hidden"}}},
      {"MAIL_FROM", {{"MAIL_FROM", "box\r\nBcc: x@y.example"}}},
      {"TEXT_FILE", {{"TEXT_FILE", ""}}}};
  for (const auto& [name, changes] : wrong) {
    auto variables = good();
    for (const auto& [variable, value] : changes) variables[variable] = value;
    const auto settings = read_notifications_settings(environment(variables));
    ASSERT_FALSE(settings.ok()) << name;
    EXPECT_THAT(settings.error().what, testing::StartsWith(name));
    EXPECT_THAT(settings.error().what, testing::HasSubstr("; expected "));
    EXPECT_THAT(settings.error().what, testing::Not(testing::HasSubstr("hidden")));
  }
}

TEST(WorkerSettings, are_read_and_what_is_wrong_is_named) {
  Variables variables = {{"NOTIFICATIONS_URL", "http://127.0.1.1:7120/"},
                         {"NOTIFICATIONS_TOKEN", "hidden"}};
  const auto settings = read_worker_settings(environment(variables));
  ASSERT_TRUE(settings.ok()) << settings.error().what;
  EXPECT_EQ(settings->postbox.url, "http://127.0.1.1:7120");
  EXPECT_EQ(settings->platform, "boxoffice");
  for (const auto& [name, value] : {std::pair{"NOTIFICATIONS_URL", ""},
                                    {"NOTIFICATIONS_URL", "127.0.1.1"},
                                    {"NOTIFICATIONS_TOKEN", ""},
                                    {"PLATFORM", "a b"}}) {
    auto wrong = variables;
    wrong[name] = value;
    const auto refused = read_worker_settings(environment(wrong));
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_THAT(refused.error().what, testing::StartsWith(name));
  }
}

// Between worker and service there is a load balancer, which speaks for itself at times.
TEST(AnAnswerWithoutAnOutcome, is_unknown_unless_the_service_cannot_have_been_asked) {
  std::atomic<unsigned> status = 503;
  const auto server = http::Server::start({}, [&status](const http::Request&) {
    return http::Response{.status = status, .body = "<html>", .content_type = "text/html"};
  });
  ASSERT_TRUE(server.ok());
  const Postbox postbox({"http://127.0.0.1:" + std::to_string((*server)->port()), "secret"});
  const auto left = [&](unsigned answered) {
    status = answered;
    return postbox.send(Text{"a@b.example", "+491701234567", "Hi"}).error().after;
  };
  for (const unsigned answered : {503U, 404U, 413U})
    EXPECT_EQ(left(answered), After::unchanged_retry) << answered;
  for (const unsigned answered : {200U, 500U, 502U, 504U})
    EXPECT_EQ(left(answered), After::unknown) << answered;
}

struct Carriers : MailCarrier, TextCarrier {
  Result<Done> carry(const Mail& mail, const std::string& message) override {
    mails.push_back(mail.message_id + "\n" + message);
    return answer;
  }
  Result<Done> carry(const Text& text) override {
    texts.push_back(text.number);
    return answer;
  }
  std::vector<std::string> mails;
  std::vector<std::string> texts;
  Result<Done> answer = Done{};
};

class Service : public testing::Test {
 protected:
  http::Response post(const std::string& path, const std::string& body,
                      const std::string& token = "secret") {
    return service_.answer({.method = "POST",
                            .path = path,
                            .headers = {{"Authorization", "Bearer " + token}},
                            .body = body});
  }
  static std::string mail() {
    return to_json(Mail{"order-7.mail@p.example.org", "Ann", "ann@example.org", "Hi", "Text\n"});
  }

  Carriers carriers_;
  WriterPage page_{WriterPage::Unprotected{}};
  WideEvents events_{Role::notifications, "north", "notifications.0", -1};
  Notifications service_{"secret", "box@example.org", carriers_, carriers_, page_, events_};
};

TEST_F(Service, sends_mails_and_texts_for_who_knows_the_token) {
  EXPECT_EQ(post("/mails", mail()).status, 200U);
  EXPECT_EQ(post("/texts", to_json(Text{"a@b.example", "+491701234567", "Hi"})).status, 200U);
  EXPECT_EQ(carriers_.mails.size(), 1U);
  EXPECT_THAT(carriers_.texts, testing::ElementsAre("+491701234567"));
}

TEST_F(Service, sends_nothing_for_anybody_else) {
  for (const char* token : {"", "secreT", "secret2", "secre"})
    EXPECT_EQ(post("/mails", mail(), token).status, 401U) << token;
  EXPECT_EQ(service_.answer({.method = "POST", .path = "/mails", .body = mail()}).status, 401U);
  EXPECT_EQ(service_.answer({.method = "GET", .path = "/mails"}).status, 405U);
  EXPECT_EQ(post("/elsewhere", mail()).status, 404U);
  EXPECT_THAT(carriers_.mails, testing::IsEmpty());
}

TEST_F(Service, says_what_became_of_a_message) {
  EXPECT_EQ(post("/mails", "nonsense").status, 422U);
  carriers_.answer = Error{After::unchanged_retry, "busy"};
  EXPECT_EQ(post("/mails", mail()).status, 503U);
  carriers_.answer = Error{After::unchanged_final, "no such user"};
  EXPECT_EQ(post("/mails", mail()).status, 422U);
  carriers_.answer = Error{After::unknown, "no answer"};
  const auto unknown = post("/mails", mail());
  EXPECT_EQ(unknown.status, 504U);
  EXPECT_EQ(read_outcome(unknown.body).error().after, After::unknown);
}

TEST(ServiceInAFencedRegion, sends_nothing_whoever_asks) {
  Carriers carriers;
  const WriterPage no_page("/nonexistent/page");
  WideEvents events(Role::notifications, "north", "notifications.0", -1);
  Notifications service("secret", "box@example.org", carriers, carriers, no_page, events);
  const auto refused = service.answer({.method = "POST",
                                       .path = "/mails",
                                       .headers = {{"Authorization", "Bearer secret"}},
                                       .body = to_json(Mail{"order-7.mail@p.example.org", "Ann",
                                                            "ann@example.org", "Hi", "Text\n"})});
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(read_outcome(refused.body).error().after, After::unchanged_retry);
  EXPECT_THAT(carriers.mails, testing::IsEmpty());
}

}  // namespace
}  // namespace understudy::boxoffice
