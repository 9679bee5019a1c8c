// api-worker and notifications as processes: each buyer is told once, or a person is asked.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "smtp_peer.h"
#include "stack.h"

namespace understudy::test {
namespace {

/// A place that takes connections and never says a word: a notifications service that hangs.
class Silence {
 public:
  Silence() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port_);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
  }
  ~Silence() { ::close(listener_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = free_port();
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

class Background : public Stack {
 protected:
  // Other tests' orders are nobody's work here.
  Background() {
    database().run("TRUNCATE mails; UPDATE outbox SET done_at = now(), failed_at = NULL");
  }

  std::string mail_folder() const { return folder_.path() + "/mail"; }

  std::unique_ptr<Boxoffice> start_notifications(std::map<std::string, std::string> changes = {}) {
    auto settings = environment("notifications");
    settings["NOTIFICATIONS_TOKEN"] = "token-1";
    settings["MAIL_FOLDER"] = mail_folder();
    settings["TEXT_FILE"] = mail_folder() + "/texts.jsonl";
    for (const auto& [name, value] : changes) settings[name] = value;
    auto service = start(settings);
    url_ = "http://127.0.0.1:" + std::to_string(service->port());
    EXPECT_TRUE(eventually([&] { return service->get("/live").status == 200; }))
        << service->output();
    return service;
  }
  std::unique_ptr<Boxoffice> start_worker(std::map<std::string, std::string> changes = {}) {
    auto settings = environment("api-worker");
    settings["NOTIFICATIONS_TOKEN"] = "token-1";
    settings["NOTIFICATIONS_URL"] = url_;
    for (const auto& [name, value] : changes) settings[name] = value;
    return start(settings);
  }

  /// As its supervisor would; it leaves no claim behind.
  static void end(Boxoffice& program) {
    program.process().signal(SIGTERM);
    EXPECT_EQ(program.process().wait(), 0);
  }

  /// Buys a seat as api-web does; the order's number.
  std::int64_t sell(const std::string& buyer) const {
    static int keys = 0;
    return database().count("SELECT order_id FROM buy('worker-" + std::to_string(++keys) + "', " +
                            std::to_string(event()) + ", NULL, '" + buyer + "', NULL, 7, 'north')");
  }
  std::vector<std::string> mails() const {
    std::vector<std::string> found;
    std::error_code none_yet;
    for (const auto& file : std::filesystem::directory_iterator(mail_folder(), none_yet))
      if (file.path().extension() == ".eml") found.push_back(read_file(file.path()));
    return found;
  }
  static std::int64_t rows(const std::string& where) {
    return database().count("SELECT count(*) FROM outbox WHERE " + where);
  }
  static std::int64_t messages(const std::string& state) {
    return database().count("SELECT count(*) FROM mails WHERE state = '" + state + "'");
  }
  static bool said(const Boxoffice& program, const std::string& event) {
    return program.output().find("\"event\":\"" + event + "\"") != std::string::npos;
  }
  static std::string of(std::int64_t order) { return "order_id = " + std::to_string(order); }

  std::string url_ = "http://127.0.0.1:" + std::to_string(free_port());  ///< nobody's, as yet
};

TEST_F(Background, a_buyer_is_sent_the_ticket_once) {
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  EXPECT_TRUE(eventually([&] { return worker->ready() && notifications->ready(); }));
  const auto order = sell("ann@mail.example.com");
  ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND done_at IS NOT NULL") == 1; }))
      << worker->output();
  ASSERT_EQ(mails().size(), 1U);
  EXPECT_NE(mails()[0].find("To: ann@mail.example.com\r\n"), std::string::npos) << mails()[0];
  EXPECT_NE(mails()[0].find("Message-ID: <order-" + std::to_string(order) +
                            ".mail@boxoffice.example.org>\r\n"),
            std::string::npos);
  EXPECT_EQ(messages("sent"), 1);
  EXPECT_EQ(worker->get("/unsent").number("count"), 0);
  for (const auto* program : {worker.get(), notifications.get()})
    for (const char* secret : {"token-1", ScratchPostgres::kPassword, "ann@"})
      EXPECT_EQ(program->output().find(secret), std::string::npos) << program->output();
}

TEST_F(Background, a_buyer_with_a_number_is_sent_a_text_message_too) {
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  const auto order = sell("+491701234567");
  ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND done_at IS NOT NULL") == 1; }))
      << worker->output();
  EXPECT_EQ(mails().size(), 1U);
  const auto text = boost::json::parse(read_file(mail_folder() + "/texts.jsonl")).as_object();
  EXPECT_EQ(text.at("number").as_string(), "+491701234567");
  EXPECT_EQ(messages("sent"), 2);
}

TEST_F(Background, two_workers_send_fifty_tickets_once_each) {
  for (int i = 0; i < kSeats; ++i) sell("buyer-" + std::to_string(i));
  const auto notifications = start_notifications();
  const auto one = start_worker();
  const auto two = start_worker();
  ASSERT_TRUE(eventually([&] { return messages("sent") == kSeats; }, 30s)) << one->output();
  EXPECT_EQ(mails().size(), static_cast<std::size_t>(kSeats));
  EXPECT_TRUE(eventually([] { return rows("done_at IS NULL") == 0; }));
  EXPECT_EQ(messages("sending"), 0);
}

TEST_F(Background, a_row_that_one_worker_is_claiming_does_not_make_another_wait) {
  sell("a");
  sell("b");
  const std::string claim = "SELECT id FROM claim_outbox(1, '1 minute', 7, 'north')";
  auto one = postgres::Connection::open(database().as_application(), 5s);
  auto two = postgres::Connection::open(database().as_application(), 5s);
  ASSERT_TRUE(one.ok() && two.ok());
  ASSERT_TRUE(one->run("BEGIN", {}, 5s).ok());
  const auto first = one->run(claim, {}, 5s);
  const auto second = two->run(claim, {}, 5s);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ(first->size(), 1U);
  ASSERT_EQ(second->size(), 1U);
  EXPECT_NE(first->at(0, 0), second->at(0, 0));
  EXPECT_EQ(two->run(claim, {}, 5s)->size(), 0U);
}

TEST_F(Background, only_the_first_waiting_row_rings) {
  auto bell = postgres::Connection::open(database().as_application(), 5s);
  ASSERT_TRUE(bell.ok() && bell->run("LISTEN outbox", {}, 5s).ok());
  sell("a");
  EXPECT_EQ(bell->await_notification(5s).value(), true);
  sell("b");
  ASSERT_TRUE(bell->run("SELECT 1", {}, 5s).ok());  // by now it would have come
  EXPECT_EQ(bell->await_notification(0ms).value(), false);
}

// The worker dies while its request is under way. Whoever comes next does not send: it may have
// been.
TEST_F(Background, a_worker_that_dies_while_sending_leaves_the_mail_to_a_person) {
  const auto order = sell("ann@mail.example.com");
  {
    const Silence silence;
    url_ = silence.url();
    const auto dying = start_worker();
    ASSERT_TRUE(eventually([] { return messages("sending") == 1; })) << dying->output();
    dying->process().signal(SIGKILL);
    EXPECT_TRUE(dying->process().wait().has_value());
  }
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  ASSERT_TRUE(eventually([&] { return worker->get("/unsent").status == 200; }));
  EXPECT_EQ(worker->get("/unsent").number("count"), 0);                   // still somebody's work
  database().run("UPDATE outbox SET due_at = now() WHERE " + of(order));  // its lease is over
  ASSERT_TRUE(eventually([&] { return rows("failed_at IS NOT NULL") == 1; })) << worker->output();
  EXPECT_EQ(mails().size(), 0U);
  EXPECT_TRUE(said(*worker, "outbox.dead_letter"));
  const auto unsent = worker->get("/unsent");
  EXPECT_EQ(unsent.number("count"), 1) << unsent.response.body;
  const std::string id = "order-" + std::to_string(order) + ".mail@boxoffice.example.org";
  EXPECT_NE(unsent.response.body.find(id), std::string::npos) << unsent.response.body;

  database().run("SELECT requeue((SELECT id FROM outbox WHERE failed_at IS NOT NULL), 7, 'north')");
  ASSERT_TRUE(eventually([] { return messages("sent") == 1; })) << worker->output();
  ASSERT_EQ(mails().size(), 1U);
  EXPECT_NE(mails()[0].find("<" + id + ">"), std::string::npos);
  EXPECT_EQ(worker->get("/unsent").number("count"), 0);
}

TEST_F(Background, what_cannot_be_sent_is_tried_again_later_and_in_the_end_a_dead_letter) {
  const auto fresh = sell("a");
  const auto old = sell("b");
  database().run("UPDATE outbox SET attempts = 19 WHERE " + of(old));
  auto worker = start_worker();  // nobody listens where it calls
  ASSERT_TRUE(eventually([&] { return rows(of(old) + " AND failed_at IS NOT NULL") == 1; }))
      << worker->output();
  EXPECT_EQ(rows(of(old) + " AND attempts = 20 AND error LIKE 'mail: %'"), 1);
  ASSERT_TRUE(eventually([&] { return rows(of(fresh) + " AND attempts >= 1") == 1; }));
  EXPECT_EQ(rows(of(fresh) + " AND failed_at IS NULL AND done_at IS NULL"), 1);
  EXPECT_EQ(messages("sending"), 0);
  end(*worker);

  const auto notifications = start_notifications();
  worker = start_worker();
  EXPECT_EQ(database()
                .run("SELECT requeue(id, 7, 'north') FROM outbox WHERE failed_at IS NOT NULL")
                .at(0, 0),
            "t");
  ASSERT_TRUE(eventually([] { return messages("sent") == 2; })) << worker->output();
  EXPECT_EQ(mails().size(), 2U);
  EXPECT_EQ(rows("failed_at IS NOT NULL"), 0);
}

TEST_F(Background, a_mail_server_that_refuses_for_good_makes_a_dead_letter_at_once) {
  const SmtpPeer peer(SmtpPeer::Replies{{"RCPT", "550 no such user"}});
  const auto notifications = start_notifications({{"SMTP_URL", peer.url()}});
  const auto worker = start_worker();
  const auto order = sell("nobody@mail.example.com");
  ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND failed_at IS NOT NULL") == 1; }))
      << worker->output();
  EXPECT_EQ(rows(of(order) + " AND attempts = 1 AND error LIKE '%550%'"), 1);
  EXPECT_EQ(messages("not_sent"), 1);
}

TEST_F(Background, a_mail_server_takes_the_mail_when_it_has_recovered) {
  const auto order = sell("ann@mail.example.com");
  {
    const SmtpPeer busy(SmtpPeer::Replies{{".", "451 later"}});
    const auto notifications = start_notifications({{"SMTP_URL", busy.url()}});
    const auto worker = start_worker();
    ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND attempts >= 1") == 1; }))
        << worker->output();
    end(*worker);
  }
  const SmtpPeer well;
  const auto notifications = start_notifications({{"SMTP_URL", well.url()}});
  const auto worker = start_worker();
  ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND done_at IS NOT NULL") == 1; }, 30s))
      << worker->output();
  EXPECT_EQ(well.messages().size(), 1U);
}

TEST_F(Background, a_kind_nobody_knows_is_a_dead_letter) {
  const auto order = sell("a");
  database().run("UPDATE outbox SET kind = 'order.painted' WHERE " + of(order));
  const auto worker = start_worker();
  ASSERT_TRUE(eventually([&] { return rows(of(order) + " AND failed_at IS NOT NULL") == 1; }));
  EXPECT_EQ(messages("sending"), 0);
}

TEST_F(Background, a_fenced_region_sends_nothing) {
  page_.close();
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  const auto order = sell("a");
  ASSERT_TRUE(eventually([&] { return said(*worker, "worker.waiting"); }));
  EXPECT_EQ(worker->get("/ready").status, 503U);
  EXPECT_EQ(notifications->get("/ready").status, 503U);
  EXPECT_EQ(rows(of(order) + " AND due_at <= now()"), 1);  // not even claimed
  EXPECT_EQ(messages("sending"), 0);
  page_.open_endless(7);
  ASSERT_TRUE(eventually([] { return messages("sent") == 1; })) << worker->output();
  EXPECT_EQ(mails().size(), 1U);
}

TEST_F(Background, a_database_of_another_epoch_is_not_worked_on) {
  const auto order = sell("a");
  set_epoch_row(8, "south");
  EXPECT_EQ(database().run("SELECT id FROM claim_outbox(9, '1 minute', 7, 'north')").size(), 0U);
  EXPECT_EQ(database().run("SELECT * FROM claim_mails('{1}', '{mail}', '{x}', 7, 'north')").size(),
            0U);
  database().run("UPDATE outbox SET failed_at = now() WHERE " + of(order));
  EXPECT_EQ(
      database().run("SELECT requeue(id, 7, 'north') FROM outbox WHERE " + of(order)).at(0, 0),
      "f");
  EXPECT_EQ(rows(of(order) + " AND failed_at IS NOT NULL"), 1);
}

// With a timed lease somebody may be promoted: a mail leaves once that one would know of it.
TEST_F(Background, a_mail_waits_until_the_standby_has_its_claim) {
  page_.open_for(10min, 7);
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  const auto order = sell("a");
  ASSERT_TRUE(eventually([&] { return said(*worker, "worker.put_back"); })) << worker->output();
  EXPECT_EQ(mails().size(), 0U);
  EXPECT_EQ(rows(of(order) + " AND attempts = 0 AND failed_at IS NULL"), 1);

  const auto standby = database().start_log_receiver("south", folder_.path() + "/log-1");
  ASSERT_TRUE(eventually([] { return messages("sent") == 1; }, 30s)) << worker->output();
  EXPECT_EQ(mails().size(), 1U);

  standby->signal(SIGSTOP);
  const auto put_back = [&] {
    const std::string output = worker->output();
    return output.find("worker.put_back", output.rfind("message.sent")) != std::string::npos;
  };
  sell("b");
  ASSERT_TRUE(eventually(put_back)) << worker->output();
  EXPECT_EQ(mails().size(), 1U);
  page_.open_endless(7);  // the standby was given up: nobody can be promoted
  ASSERT_TRUE(eventually([] { return messages("sent") == 2; }, 30s)) << worker->output();
  EXPECT_EQ(mails().size(), 2U);
}

TEST_F(Background, somebody_else_who_receives_the_log_is_no_standby) {
  const auto other = database().start_log_receiver("pg_receivewal", folder_.path() + "/log-2");
  EXPECT_TRUE(eventually([] {
    return database().count(
               "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
               " AND flush_lsn IS NOT NULL") == 1;
  }));
  EXPECT_EQ(database().count("SELECT count(understudy.standby_flushed())"), 0);
}

TEST_F(Background, sigterm_leaves_nothing_claimed_behind) {
  for (int i = 0; i < kSeats; ++i) sell("buyer-" + std::to_string(i));
  const auto notifications = start_notifications();
  const auto worker = start_worker();
  ASSERT_TRUE(eventually([] { return messages("sent") > 0; })) << worker->output();
  end(*worker);
  EXPECT_EQ(messages("sending"), 0);
  EXPECT_EQ(static_cast<std::int64_t>(mails().size()), messages("sent"));
  end(*notifications);
}

TEST_F(Background, needs_no_port_to_work) {
  const auto notifications = start_notifications();
  auto settings = environment("api-worker");
  settings.erase("PORT");
  settings.erase("HOST");
  settings["NOTIFICATIONS_TOKEN"] = "token-1";
  settings["NOTIFICATIONS_URL"] = url_;
  const auto worker = start(settings);
  sell("a");
  EXPECT_TRUE(eventually([] { return messages("sent") == 1; })) << worker->output();
}

}  // namespace
}  // namespace understudy::test
