#include "notifications.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <chrono>
#include <filesystem>

#include "folder_carriers.h"
#include "health.h"
#include "process.h"
#include "rfc5322.h"
#include "system/file.h"
#include "system/http_server.h"

namespace understudy::boxoffice {
namespace {

/// Longer than the longest conversation with a mail server.
constexpr std::chrono::seconds kGrace{9};

WallTime now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return WallTime(std::chrono::duration_cast<Duration>(since));
}

http::Response to_response(unsigned status, const Result<Done>& sent) {
  return {.status = status, .body = outcome_body(sent)};
}

unsigned status_of(const Result<Done>& sent) {
  if (sent) return 200;
  switch (sent.error().after) {
    case After::unchanged_final: return 422;
    case After::unchanged_retry: return 503;
    case After::unknown: return 504;
  }
  return 504;
}

Result<SmtpServer> read_smtp(const Environment& environment, std::string url) {
  SmtpServer server;
  const bool secure = url.starts_with("smtps://");
  const std::size_t scheme = secure ? 8 : 7;
  if ((!secure && !url.starts_with("smtp://")) || url.size() <= scheme ||
      url.find_first_of("@ \r\n") != std::string::npos)
    return wrong_variable("SMTP_URL", "cannot be read",
                          "smtp://host:port or smtps://host:port; a user and password go into "
                          "SMTP_USER and SMTP_PASSWORD");
  server.url = std::move(url);
  server.user = value_of(environment, "SMTP_USER");
  server.password = value_of(environment, "SMTP_PASSWORD");
  if (server.user.empty() != server.password.empty())
    return wrong_variable(server.user.empty() ? "SMTP_USER" : "SMTP_PASSWORD", "is not set",
                          "both SMTP_USER and SMTP_PASSWORD, or neither");
  return server;
}

}  // namespace

Result<NotificationsSettings> read_notifications_settings(const Environment& environment) {
  NotificationsSettings read;
  read.token = value_of(environment, "NOTIFICATIONS_TOKEN");
  if (read.token.empty())
    return wrong_variable("NOTIFICATIONS_TOKEN", "is not set",
                          "the secret that api-worker knows, too");
  read.from = value_of(environment, "MAIL_FROM");
  if (read.from.empty()) read.from = "boxoffice@example.org";
  if (!is_address(read.from))
    return wrong_variable("MAIL_FROM", fmt::format("is \"{}\"", read.from), "an e-mail address");
  read.mail_folder = value_of(environment, "MAIL_FOLDER");
  if (std::string url = value_of(environment, "SMTP_URL"); !url.empty()) {
    auto server = read_smtp(environment, std::move(url));
    if (!server) return server.error();
    server->from = read.from;
    read.smtp = std::move(*server);
  } else if (read.mail_folder.empty()) {
    return wrong_variable("SMTP_URL", "is not set",
                          "smtp://host:port, or MAIL_FOLDER, a folder into which mails are put");
  }
  read.text_file = value_of(environment, "TEXT_FILE");
  if (read.text_file.empty())
    return wrong_variable("TEXT_FILE", "is not set",
                          "the file to which text messages are appended");
  return read;
}

Notifications::Notifications(std::string token, std::string from, MailCarrier& mails,
                             TextCarrier& texts, const WriterPage& page, WideEvents& events)
    : authorization_("Bearer " + std::move(token)),
      from_(std::move(from)),
      mails_(mails),
      texts_(texts),
      page_(page),
      events_(events) {}

bool Notifications::is_known(const http::Request& request) const {
  const std::string_view given = request.header("Authorization");
  return given.size() == authorization_.size() &&
         CRYPTO_memcmp(given.data(), authorization_.data(), given.size()) == 0;
}

http::Response Notifications::answer(const http::Request& request) {
  const bool is_mail = request.path == "/mails";
  if (!is_mail && request.path != "/texts")
    return to_response(404, Error{After::unchanged_retry, "there is nothing here"});
  if (request.method != "POST")
    return to_response(405, Error{After::unchanged_retry, "expected POST"});
  // Their token or ours is wrong, not the message.
  if (!is_known(request))
    return to_response(401, Error{After::unchanged_retry, "the token is missing or wrong"});
  const auto began = std::chrono::steady_clock::now();
  WideEvent event;
  const auto sent = is_mail ? send_mail(request.body, event) : send_text(request.body, event);
  const unsigned status = status_of(sent);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  event.add("status", std::int64_t{status}).add("ms", took.count());
  if (!sent) event.add("error", sent.error().what);
  events_.write(is_mail ? "mail" : "text", event);
  return to_response(status, sent);
}

Result<Done> Notifications::send_mail(std::string_view body, WideEvent& event) {
  const auto mail = read_mail(body);
  if (!mail) return mail.error();
  event.add("message_id", mail->message_id);
  if (const Permission permission = page_.judge(); !permission.open)
    return Error{After::unchanged_retry,
                 fmt::format("this region may not send: {}", permission.reason)};
  return mails_.carry(*mail, to_rfc5322(*mail, from_, now()));
}

Result<Done> Notifications::send_text(std::string_view body, WideEvent& event) {
  const auto text = read_text(body);
  if (!text) return text.error();
  event.add("message_id", text->message_id);
  if (const Permission permission = page_.judge(); !permission.open)
    return Error{After::unchanged_retry,
                 fmt::format("this region may not send: {}", permission.reason)};
  return texts_.carry(*text);
}

namespace {

std::unique_ptr<MailCarrier> mail_carrier(const NotificationsSettings& settings,
                                          const std::string& instance) {
  if (settings.smtp) return std::make_unique<Smtp>(*settings.smtp);
  return std::make_unique<MailFolder>(settings.mail_folder, instance);
}

/// Makes the folders that messages go into.
Result<Done> prepare(const NotificationsSettings& settings) {
  if (!settings.smtp)
    if (auto made = MailFolder::prepare(settings.mail_folder); !made) return made;
  const std::string parent = std::filesystem::path(settings.text_file).parent_path();
  return parent.empty() ? Result<Done>(Done{}) : file::make_folder(parent);
}

Readiness readiness_of(const WriterPage& page) {
  const Permission permission = page.judge();
  if (permission.open) return {true, "", permission.epoch};
  return {false, fmt::format("this region may not send: {}", permission.reason), permission.epoch};
}

}  // namespace

int run_notifications(const Configuration& configuration, const Environment& environment) {
  const auto settings = read_notifications_settings(environment);
  if (!settings) return complain(settings.error().what, kWrongConfiguration);
  const sigset_t signals = take_signals();
  if (auto made = prepare(*settings); !made) return complain(made.error().what, kCannotServe);
  WideEvents events(configuration.role, configuration.region, configuration.instance);
  const auto page = open_page(configuration, events);
  const auto mails = mail_carrier(*settings, configuration.instance);
  TextFile texts(settings->text_file);
  Notifications notifications(settings->token, settings->from, *mails, texts, *page, events);
  Health health([&] { return readiness_of(*page); }, events, configuration.region);
  auto server = http::Server::start(
      {.address = configuration.host,
       .port = *configuration.port,
       .workers = configuration.workers,
       .is_urgent = Health::is_health,
       .body_bytes_max = 64 * 1024},
      [&](const http::Request& request) {
        return Health::is_health(request) ? health.answer(request) : notifications.answer(request);
      });
  if (!server) return complain(server.error().what, kCannotServe);
  events.write("started", WideEvent());

  const int received = await_signal(signals);
  (*server)->stop(kGrace);
  events.write("stopped", WideEvent().add("signal", std::int64_t{received}));
  return 0;
}

}  // namespace understudy::boxoffice
