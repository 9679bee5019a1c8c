#include "alerting/delivery.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "system/file.h"
#include "system/http_client.h"
#include "system/process.h"
#include "system/smtp_client.h"

namespace understudy::alerting {

namespace {

using std::chrono::milliseconds;

/// Of what a program or a server says, so much is told.
constexpr std::size_t kSaidMax = 200;

std::string first_words(const std::string& said) {
  std::string words = said.substr(0, kSaidMax);
  for (char& c : words) {
    if (c < ' ' || c > '~') c = ' ';
  }
  return words;
}

/// Nothing is inherited: a command finds programs, and no secret of ours.
class CommandDelivery final : public Delivery {
 public:
  CommandDelivery(std::vector<std::string> command, milliseconds timeout)
      : command_(std::move(command)), timeout_(timeout) {}

  Result<Done> deliver(const Message& message) override {
    auto finished = process::run({.arguments = command_,
                                  .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                                  .directory = "/",
                                  .log_file = {},
                                  .input = packed(message, AlertFormat::json) + "\n",
                                  .credentials = {},
                                  .new_session = true},
                                 timeout_);
    if (!finished) return finished.error();
    if (finished->status == 0) return Done{};
    return Error{After::unchanged_retry,
                 fmt::format("{} ended with status {}: {}", command_[0], finished->status,
                             first_words(finished->output))};
  }

 private:
  const std::vector<std::string> command_;
  const milliseconds timeout_;
};

/// "https://hooks.slack.com/...": the rest of the URL is the secret.
std::string without_secret(const std::string& url) {
  const auto host = url.find("://");
  if (host == std::string::npos) return "the webhook";
  const auto path = url.find_first_of("/?#", host + 3);
  std::string shown = url.substr(0, path);
  if (const auto login = shown.rfind('@'); login != std::string::npos)
    shown = shown.substr(0, host + 3) + shown.substr(login + 1);
  return shown + "/...";
}

class WebhookDelivery final : public Delivery {
 public:
  WebhookDelivery(std::string url_file, AlertFormat format, milliseconds timeout)
      : url_file_(std::move(url_file)), format_(format), timeout_(timeout) {}

  Result<Done> deliver(const Message& message) override {
    const auto url = read_secret(url_file_);
    if (!url) return url.error();
    if (!url->starts_with("https://") && !url->starts_with("http://"))
      return Error{After::unchanged_final, url_file_ + ": expected a URL, http:// or https://"};
    http::Request request{.method = "POST",
                          .headers = {{"Content-Type", "application/json"}},
                          .body = packed(message, format_)};
    auto response = client_.send(*url, request, timeout_);
    if (!response) return Error{response.error().after, told(response.error().what, *url)};
    if (response->status / 100 == 2) return Done{};
    const bool later =
        response->status / 100 == 5 || response->status == 408 || response->status == 429;
    return Error{later ? After::unchanged_retry : After::unchanged_final,
                 fmt::format("{} answered {}", without_secret(*url), response->status)};
  }

 private:
  /// What the client says begins with method and URL.
  static std::string told(std::string what, const std::string& url) {
    for (auto at = what.find(url); at != std::string::npos; at = what.find(url))
      what.replace(at, url.size(), without_secret(url));
    return what;
  }

  const std::string url_file_;
  const AlertFormat format_;
  const milliseconds timeout_;
  const http::Client client_;
};

class MailDelivery final : public Delivery {
 public:
  MailDelivery(AlertMail mail, milliseconds timeout) : mail_(std::move(mail)), timeout_(timeout) {}

  Result<Done> deliver(const Message& message) override {
    std::optional<smtp::Login> login;
    if (mail_.password_file) {
      auto password = read_secret(*mail_.password_file);
      if (!password) return password.error();
      login = smtp::Login{mail_.user, std::move(*password)};
    }
    return smtp::send(mail_.url,
                      {.from = mail_.from,
                       .to = mail_.to,
                       .subject = headline(message),
                       .text = plain_text(message),
                       .date = message.at},
                      login, timeout_);
  }

 private:
  const AlertMail mail_;
  const milliseconds timeout_;
};

}  // namespace

std::unique_ptr<Delivery> make_delivery(const AlertTarget& target, milliseconds timeout) {
  if (!target.command.empty()) return std::make_unique<CommandDelivery>(target.command, timeout);
  if (target.webhook_file)
    return std::make_unique<WebhookDelivery>(*target.webhook_file, target.format, timeout);
  return std::make_unique<MailDelivery>(target.smtp, timeout);
}

std::string kind_of(const AlertTarget& target) {
  if (!target.command.empty()) return "command";
  if (target.webhook_file) return fmt::format("{} webhook", to_string(target.format));
  return "mail";
}

Result<std::string> read_secret(const std::string& file) {
  constexpr std::size_t kSecretMax = 8192;
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    return Error{After::unchanged_final, fmt::format("{}: {}", file, std::strerror(errno))};
  if (!S_ISREG(status.st_mode))
    return Error{After::unchanged_final, file + ": expected a regular file"};
  if ((status.st_mode & S_IROTH) != 0)
    return Error{After::unchanged_final,
                 file + ": everybody may read it; chmod o-r, then it is used"};
  auto text = file::read(file, kSecretMax);
  if (!text) return text.error();
  std::string line = text->substr(0, text->find_first_of("\r\n"));
  if (line.empty()) return Error{After::unchanged_final, file + ": its first line is empty"};
  return line;
}

}  // namespace understudy::alerting
