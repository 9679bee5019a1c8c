// What a target of alerts must be: one way to reach people, complete, and no secret in the file.
#include <fmt/format.h>

#include <algorithm>

#include "topology/findings.h"

namespace understudy {
namespace {

bool prints(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  return prints(text) && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find_first_of("<>,;\"@", at + 1) == std::string_view::npos &&
         text.substr(0, at).find_first_of("<>,;\"") == std::string_view::npos;
}

bool is_mail_url(std::string_view text) {
  for (const std::string_view scheme : {"smtp://", "smtps://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto host = text.substr(scheme.size());
    return !host.empty() && prints(host) && host.find_first_of("@/?#") == std::string_view::npos;
  }
  return false;
}

void check_mail(const AlertMail& mail, const std::string& path, Findings& findings) {
  const auto say = [&](std::string_view name, std::string what) {
    const auto setting = setting_path(path, name);
    if (!findings.spoilt(setting)) findings.add_relation(setting, std::move(what));
  };
  if (!is_mail_url(mail.url)) {
    // A password might be in it: it is not shown.
    say("url",
        "expected smtp://host:port or smtps://host:port, with nothing else; user "
        "and password_file are settings of their own");
  }
  if (!is_mail_address(mail.from)) {
    say("from", "expected a mail address such as a@b.example");
  }
  const bool known = std::all_of(mail.to.begin(), mail.to.end(),
                                 [](const auto& address) { return is_mail_address(address); });
  if (mail.to.empty() || !known) {
    say("to", "expected a list of mail addresses such as [a@b.example]");
  }
  if (mail.user.empty() == mail.password_file.has_value()) {
    say("password_file", "user and password_file belong together");
  }
}

void check_target(const AlertTarget& target, const std::string& path, Findings& findings) {
  const auto& mail = target.smtp;
  const bool mails = !mail.url.empty() || !mail.from.empty() || !mail.to.empty();
  const int ways =
      (target.command.empty() ? 0 : 1) + (target.webhook_file ? 1 : 0) + (mails ? 1 : 0);
  if (ways != 1) {
    findings.add_relation(
        path,
        fmt::format("expected exactly one of command, webhook_file and smtp, found {}", ways));
  }
  if (target.format != AlertFormat::json && !target.webhook_file) {
    findings.add_relation(setting_path(path, "format"), "is of a webhook_file, and there is none");
  }
  if (mails) check_mail(mail, setting_path(path, "smtp"), findings);
}

}  // namespace

void check_alerts(const Topology& topology, Findings& findings) {
  const std::string group = setting_path("alerts", "targets");
  std::set<std::string_view> seen;
  for (const auto& target : topology.alerts.targets) {
    const auto path = setting_path(group, target.name);
    if (findings.spoilt(path)) continue;
    if (!seen.insert(target.name).second)
      findings.add_relation(path, "stands twice; names are unique");
    check_target(target, path, findings);
  }
}

}  // namespace understudy
