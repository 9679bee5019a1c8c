#pragma once
// ROLE=notifications: the region's own way out for mails and text messages.

#include <memory>
#include <optional>
#include <string>

#include "carriers.h"
#include "configuration.h"
#include "smtp.h"
#include "system/http.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

struct NotificationsSettings {
  std::string token;               ///< NOTIFICATIONS_TOKEN
  std::string from;                ///< MAIL_FROM, boxoffice@example.org if not set
  std::optional<SmtpServer> smtp;  ///< SMTP_URL, SMTP_USER, SMTP_PASSWORD; else:
  std::string mail_folder;         ///< MAIL_FOLDER: a file for each mail
  std::string text_file;           ///< TEXT_FILE: a line for each text message
};

/// Errors as read_configuration: one of SMTP_URL and MAIL_FOLDER is needed, and the token.
[[nodiscard]] Result<NotificationsSettings> read_notifications_settings(
    const Environment& environment);

/// POST /mails and /texts, for who knows the token. Thread-safe.
///
/// Sends only while the page is open, whoever asks: so a region without a lease sends nothing.
/// Answers an outcome_body: 200 sent, 422 refused, 503 (401, 404, 405) not sent, 504 unknown.
class Notifications {
 public:
  Notifications(std::string token, std::string from, MailCarrier& mails, TextCarrier& texts,
                const WriterPage& page, WideEvents& events);
  [[nodiscard]] http::Response answer(const http::Request& request);

 private:
  [[nodiscard]] bool is_known(const http::Request& request) const;
  Result<Done> send_mail(std::string_view body, WideEvent& event);
  Result<Done> send_text(std::string_view body, WideEvent& event);

  const std::string authorization_;
  const std::string from_;
  MailCarrier& mails_;
  TextCarrier& texts_;
  const WriterPage& page_;
  WideEvents& events_;
};

/// Runs until SIGTERM; the exit status.
int run_notifications(const Configuration& configuration, const Environment& environment);

}  // namespace understudy::boxoffice
