// The section alerts: how people are reached, and no secret in the file.
#include <gmock/gmock.h>

#include "minimal.h"
#include "topology/json.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with_target(const std::string& target) {
  return mistakes_with("alerts: { targets: { one: " + target + " } }\n");
}

TEST(Alerts, may_be_left_out) {
  const auto topology = minimal_topology();
  EXPECT_TRUE(topology.alerts.targets.empty());
  EXPECT_EQ(topology.alerts.repeat_interval, std::chrono::hours(1));
  EXPECT_EQ(topology.policy.failover_interval_min, std::chrono::hours(1));
}

TEST(Alerts, go_to_commands_webhooks_and_mail_and_paths_count_from_the_file) {
  const auto loaded =
      parse_topology(kMinimal +
                         "alerts:\n  repeat_interval: 30min\n  targets:\n"
                         "    pager: { command: [bin/page, --loud] }\n"
                         "    chat: { webhook_file: secrets/slack, format: slack }\n"
                         "    mail: { smtp: { url: 'smtps://m.example:465', from: u@s.example, to: "
                         "[a@b.example],\n"
                         "                    user: u, password_file: /etc/shop/mail } }\n",
                     "/etc/shop/u.yaml");
  ASSERT_TRUE(loaded.topology) << loaded.mistakes.front().text();
  const auto& targets = loaded.topology->alerts.targets;
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_THAT(targets[0].command, testing::ElementsAre("/etc/shop/bin/page", "--loud"));
  EXPECT_EQ(targets[1].webhook_file, "/etc/shop/secrets/slack");
  EXPECT_EQ(targets[1].format, AlertFormat::slack);
  EXPECT_EQ(targets[2].smtp.password_file, "/etc/shop/mail");
  const auto back = from_json(to_json(*loaded.topology));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(to_json(*back), to_json(*loaded.topology));
}

TEST(AnAlertTarget, is_one_way_to_reach_people) {
  EXPECT_EQ(with_target("{ format: json }"),
            "u.yaml:9: alerts.targets.one: expected exactly one of command, webhook_file and smtp, "
            "found 0");
  EXPECT_EQ(with_target("{ command: [page], webhook_file: w }"),
            "u.yaml:9: alerts.targets.one: expected exactly one of command, webhook_file and smtp, "
            "found 2");
  EXPECT_EQ(with_target("{ command: [page], format: slack }"),
            "u.yaml:9: alerts.targets.one.format: is of a webhook_file, and there is none");
}

TEST(AnAlertTarget, takes_no_secret_from_the_file_and_shows_none) {
  const auto inlined = with_target("{ webhook: 'https://hooks.example/s3cret' }");
  EXPECT_THAT(inlined,
              HasSubstr("webhook: is not a setting; expected one of command, webhook_file"));
  EXPECT_THAT(inlined, Not(HasSubstr("s3cret")));
  const auto in_url = with_target("{ smtp: { url: 'smtp://u:s3cret@h', from: a@b, to: [c@d] } }");
  EXPECT_THAT(in_url, HasSubstr("alerts.targets.one.smtp.url: expected smtp://host:port"));
  EXPECT_THAT(in_url, Not(HasSubstr("s3cret")));
}

TEST(AnAlertTarget, that_mails_needs_a_server_addresses_and_a_login_in_both_parts) {
  EXPECT_EQ(with_target("{ smtp: { url: 'smtp://h', from: us, to: [a@b] } }"),
            "u.yaml:9: alerts.targets.one.smtp.from: expected a mail address such as a@b.example");
  EXPECT_EQ(with_target("{ smtp: { url: 'smtp://h', from: a@b } }"),
            "u.yaml:9: alerts.targets.one.smtp.to: expected a list of mail addresses such as "
            "[a@b.example]");
  EXPECT_EQ(with_target("{ smtp: { url: 'smtp://h', from: a@b, to: [\"a@b\\r\\nRCPT\"] } }"),
            "u.yaml:9: alerts.targets.one.smtp.to: expected a list of mail addresses such as "
            "[a@b.example]");
  EXPECT_EQ(with_target("{ smtp: { url: 'smtp://h', from: a@b, to: [c@d], user: u } }"),
            "u.yaml:9: alerts.targets.one.smtp.password_file: user and password_file belong "
            "together");
}

}  // namespace
}  // namespace understudy
