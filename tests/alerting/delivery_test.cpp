// Real commands, a real HTTP receiver and a small mail server, on loopback.

#include "alerting/delivery.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "mail_responder.h"
#include "system/http_server.h"

namespace understudy::alerting {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class Deliver : public testing::Test {
 protected:
  Deliver() {
    std::string pattern = testing::TempDir() + "alertsXXXXXX";
    folder_ = mkdtemp(pattern.data());
    message_.platform = "shop";
    message_.at = *parse_wall("2026-11-24T03:04:05Z");
    message_.alert = {.subject = "north: région down",
                      .done = "failed over; $(id) `id` 'quoted'",
                      .ask = "understudy acknowledge",
                      .key = "k"};
  }
  ~Deliver() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string secret(const std::string& content, mode_t mode = 0600) const {
    std::ofstream(file("secret")) << content << "\n";
    chmod(file("secret").c_str(), mode);
    return file("secret");
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream stream(file(name));
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  Result<Done> by_command(std::vector<std::string> command, milliseconds timeout = 20s) {
    AlertTarget target;
    target.command = std::move(command);
    return make_delivery(target, timeout)->deliver(message_);
  }
  Result<Done> by_webhook(const std::string& url_file, AlertFormat format = AlertFormat::json,
                          milliseconds timeout = 20s) {
    AlertTarget target;
    target.webhook_file = url_file;
    target.format = format;
    return make_delivery(target, timeout)->deliver(message_);
  }
  Result<Done> by_mail(const std::string& url, const std::string& user = "") {
    AlertTarget target;
    target.smtp = {.url = url, .from = "us@shop.example", .to = {"a@b.example", "c@d.example"}};
    if (!user.empty()) {
      target.smtp.user = user;
      target.smtp.password_file = secret("hunter2");
    }
    return make_delivery(target, 20s)->deliver(message_);
  }

  std::string folder_;
  Message message_;
};

/// Answers every post with one status, and keeps what came last.
struct Receiver {
  explicit Receiver(unsigned status) {
    auto started = http::Server::start({}, [this, status](const http::Request& request) {
      const std::lock_guard held(lock);
      last_ = request;
      http::Response response;
      response.status = status;
      return response;
    });
    server = std::move(started).value();
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + "/T00/B00/secret-part";
  }
  [[nodiscard]] http::Request last() {
    const std::lock_guard held(lock);
    return last_;
  }
  std::mutex lock;
  http::Request last_;
  std::unique_ptr<http::Server> server;
};

}  // namespace

TEST_F(Deliver, by_a_command_hands_the_alert_over_on_standard_input_alone) {
  ASSERT_TRUE(by_command({"/bin/sh", "-c", "cat > " + file("got") + "; env >" + file("env")}));
  EXPECT_EQ(read("got"), packed(message_, AlertFormat::json) + "\n");
  EXPECT_THAT(read("env"), Not(HasSubstr("HOME="))) << "nothing is inherited";
}

TEST_F(Deliver, by_a_command_that_reads_nothing_is_well_too) {
  message_.alert.done.assign(1 << 20, 'x');  // more than a pipe holds
  EXPECT_TRUE(by_command({"/bin/true"}));
}

TEST_F(Deliver, by_a_command_that_fails_says_what_it_said) {
  const auto done = by_command({"/bin/sh", "-c", "echo no pager here; exit 3"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().after, After::unchanged_retry);
  EXPECT_THAT(done.error().what, HasSubstr("status 3: no pager here"));
}

TEST_F(Deliver, by_a_command_that_is_not_there_is_final) {
  const auto done = by_command({"/nowhere/pager"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().after, After::unchanged_final);
}

TEST_F(Deliver, by_a_command_that_hangs_ends_it_with_all_that_it_started) {
  ASSERT_EQ(mkfifo(file("alive").c_str(), 0600), 0);
  const int reader = open(file("alive").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open(file("alive").c_str(), O_WRONLY | O_CLOEXEC);
  // The shell and its child hold the writing end, too, for as long as they live.
  const auto done =
      by_command({"/bin/sh", "-c", "exec 9>" + file("alive") + "; sleep 1000 & wait"}, 1s);
  close(writer);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("took longer than 1000 ms"));
  pollfd held{reader, POLLIN, 0};
  EXPECT_EQ(poll(&held, 1, 10'000), 1);
  EXPECT_NE(held.revents & POLLHUP, 0) << "nobody holds it any more";
  close(reader);
}

TEST_F(Deliver, by_a_webhook_posts_the_format_that_is_wanted) {
  Receiver receiver(200);
  for (const auto format :
       {AlertFormat::json, AlertFormat::slack, AlertFormat::teams, AlertFormat::discord}) {
    ASSERT_TRUE(by_webhook(secret(receiver.url()), format));
    EXPECT_EQ(receiver.last().method, "POST");
    EXPECT_EQ(receiver.last().path, "/T00/B00/secret-part");
    EXPECT_EQ(std::string(receiver.last().header("Content-Type")), "application/json");
    EXPECT_EQ(receiver.last().body, packed(message_, format));
  }
}

TEST_F(Deliver, by_a_webhook_tells_what_may_be_tried_again_and_never_its_url) {
  for (const auto& [status, after] : {std::pair{503U, After::unchanged_retry},
                                      {429U, After::unchanged_retry},
                                      {404U, After::unchanged_final},
                                      {302U, After::unchanged_final}}) {
    Receiver receiver(status);
    const auto done = by_webhook(secret(receiver.url()));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().after, after) << status;
    EXPECT_THAT(done.error().what, HasSubstr(std::to_string(status)));
    EXPECT_THAT(done.error().what, Not(HasSubstr("secret-part")));
  }
}

TEST_F(Deliver, by_a_webhook_where_nobody_listens_does_not_tell_its_url) {
  std::string url;
  {
    Receiver gone(200);
    url = gone.url();
  }
  const auto done = by_webhook(secret(url));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().after, After::unchanged_retry);
  EXPECT_THAT(done.error().what, HasSubstr("http://127.0.0.1:"));
  EXPECT_THAT(done.error().what, Not(HasSubstr("secret-part")));
}

TEST_F(Deliver, reads_its_secret_anew_each_time) {
  Receiver first(404);
  Receiver second(200);
  AlertTarget target;
  target.webhook_file = secret(first.url());
  const auto delivery = make_delivery(target, 20s);
  EXPECT_FALSE(delivery->deliver(message_));
  (void)secret(second.url());
  EXPECT_TRUE(delivery->deliver(message_));
}

TEST_F(Deliver, uses_no_secret_that_everybody_may_read_or_that_is_none) {
  EXPECT_THAT(by_webhook(secret("http://127.0.0.1:1/x", 0644)).error().what,
              HasSubstr("everybody may read it"));
  EXPECT_THAT(by_webhook(file("missing")).error().what, HasSubstr("No such file"));
  EXPECT_THAT(by_webhook(folder_).error().what, HasSubstr("regular file"));
  EXPECT_THAT(by_webhook(secret("")).error().what, HasSubstr("first line is empty"));
  const auto none = by_webhook(secret("file:///etc/secret-part"));
  EXPECT_THAT(none.error().what, HasSubstr("expected a URL"));
  EXPECT_THAT(none.error().what, Not(HasSubstr("secret-part")));
}

TEST_F(Deliver, by_mail_writes_to_everybody) {
  MailResponder server;
  const auto done = by_mail(server.url());
  ASSERT_TRUE(done) << done.error().what;
  const std::string& heard = server.heard();
  EXPECT_THAT(heard, HasSubstr("MAIL FROM:<us@shop.example>"));
  EXPECT_THAT(heard, HasSubstr("RCPT TO:<a@b.example>"));
  EXPECT_THAT(heard, HasSubstr("RCPT TO:<c@d.example>"));
  EXPECT_THAT(heard, HasSubstr("Date: Tue, 24 Nov 2026 03:04:05 +0000\r\n"));
  EXPECT_THAT(heard, HasSubstr("Subject: [shop] north: r??gion down\r\n"));
  EXPECT_THAT(heard, HasSubstr("To do: understudy acknowledge"));
}

TEST_F(Deliver, by_mail_is_tried_again_when_the_server_is_busy_and_not_when_it_says_no) {
  MailResponder busy(MailResponder::Answers{{"RCPT", "451 later"}});
  const auto later = by_mail(busy.url());
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().after, After::unchanged_retry) << later.error().what;
  MailResponder strict(MailResponder::Answers{{"RCPT", "550 no such user"}});
  const auto never = by_mail(strict.url());
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().after, After::unchanged_final) << never.error().what;
}

TEST_F(Deliver, by_mail_gives_no_password_to_a_server_that_does_not_encrypt) {
  MailResponder server(MailResponder::Answers{{"EHLO", "250-here\r\n250 AUTH PLAIN LOGIN"}});
  const auto done = by_mail(server.url(), "us");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().after, After::unchanged_final) << done.error().what;
  EXPECT_THAT(done.error().what, Not(HasSubstr("hunter2")));
  EXPECT_THAT(server.heard(), Not(HasSubstr("AUTH")));
}

}  // namespace understudy::alerting
