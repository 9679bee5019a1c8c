// Each kind of mistake once, with the exact text a person reads.
#include <gmock/gmock.h>

#include "minimal.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(AnUnknownKey, is_named_with_the_one_that_was_meant) {
  EXPECT_EQ(mistakes_with("lease:\n  tll: 2s\n"),
            "u.yaml:10: lease.tll: is not a setting; did you mean ttl?");
}

TEST(AnUnknownKey, without_a_likeness_is_named_with_all_that_are_known) {
  EXPECT_EQ(mistakes_with("policy: { colour: red }\n"),
            "u.yaml:9: policy.colour: is not a setting; expected one of automatic_failover, "
            "lag_budget, over_budget, rpo, rpo_hold_max, detach_after, failover_interval_min, "
            "automatic_rejoin");
}

TEST(AnUnknownKey, that_was_meant_for_another_brings_no_second_mistake) {
  EXPECT_EQ(mistakes_with("lease: { tll: 9s, renew_interval: 3s }\n"),
            "u.yaml:9: lease.tll: is not a setting; did you mean ttl?");
}

TEST(ALength, that_is_none_is_refused) {
  EXPECT_EQ(mistakes_with("lease: { ttl: soon }\n"),
            "u.yaml:9: lease.ttl: expected a length such as 2s or 600ms, found \"soon\"");
}

TEST(ALength, without_a_unit_is_refused_with_the_units) {
  EXPECT_EQ(mistakes_with("lease: { ttl: 2 }\n"),
            "u.yaml:9: lease.ttl: expected a length such as 2s or 600ms, found \"2\"; a unit is "
            "needed: ms, s, min or h");
}

TEST(ALength, that_is_a_list_is_refused) {
  EXPECT_EQ(mistakes_with("lease:\n  ttl: [2s]\n"),
            "u.yaml:10: lease.ttl: expected a length such as 2s or 600ms, found a list");
}

TEST(ALength, out_of_range_is_refused) {
  EXPECT_EQ(mistakes_with("lease: { ttl: 2min }\n"),
            "u.yaml:9: lease.ttl: expected a length from 500ms to 1min, found 2min");
  EXPECT_EQ(mistakes_with("lease: { ttl: 499ms }\n"),
            "u.yaml:9: lease.ttl: expected a length from 500ms to 1min, found 499ms");
}

TEST(ANumber, that_is_none_or_out_of_range_is_refused) {
  const std::string expected =
      "u.yaml:9: local.port_base: expected a whole number from 1024 to "
      "60000, found ";
  EXPECT_EQ(mistakes_with("local: { port_base: high }\n"), expected + "\"high\"");
  EXPECT_EQ(mistakes_with("local: { port_base: 70.5 }\n"), expected + "\"70.5\"");
  EXPECT_EQ(mistakes_with("local: { port_base: 1023 }\n"), expected + "1023");
  EXPECT_EQ(mistakes_with("local: { port_base: 60001 }\n"), expected + "60001");
  EXPECT_EQ(mistakes_with("local: { port_base: 72536 }\n"), expected + "72536");
  EXPECT_EQ(mistakes_with("local: { port_base: -1 }\n"), expected + "\"-1\"");
  EXPECT_EQ(mistakes_with("local: { port_base: {} }\n"), expected + "an empty mapping");
}

TEST(ASwitch, is_on_or_off) {
  EXPECT_EQ(mistakes_with("redis: maybe\n"),
            "u.yaml:9: redis: expected on or off, found \"maybe\"");
  EXPECT_EQ(mistakes_with("redis:\n"), "u.yaml:9: redis: expected on or off, found nothing");
  EXPECT_EQ(mistakes_with("redis: false\n"), "");
}

TEST(AChoice, that_is_unknown_is_refused_with_the_nearest) {
  EXPECT_EQ(mistakes_with("    posture: active_only\n"),
            "u.yaml:9: services.web.posture: expected one of warm, minimal, edge-cached, "
            "scaled-on-failover, active-only, found \"active_only\"; did you mean active-only?");
  EXPECT_EQ(mistakes_with("policy: { over_budget: panic }\n"),
            "u.yaml:9: policy.over_budget: expected one of ask, wait, go-on, found \"panic\"");
}

TEST(ATextsPlace, taken_by_something_else_is_refused) {
  EXPECT_EQ(mistakes_of(replaced("home: north", "home: [north]")),
            "u.yaml:5: home: expected a text, found a list");
}

TEST(AGroupsPlace, taken_by_something_else_is_refused) {
  EXPECT_EQ(mistakes_with("lease: 2s\n"),
            "u.yaml:9: lease: expected a mapping of settings, found \"2s\"");
  EXPECT_EQ(mistakes_with("lease:\n"),
            "u.yaml:9: lease: expected a mapping of settings, found nothing");
}

TEST(ARequiredSetting, that_is_missing_is_named) {
  EXPECT_EQ(mistakes_of(replaced("platform: shop\n", "")),
            "u.yaml: platform: is missing: expected a text");
  EXPECT_EQ(mistakes_of(replaced("{ address: 127.0.2.1 }", "{}")),
            "u.yaml:4: regions.south.address: is missing: expected a text");
  EXPECT_EQ(mistakes_of(replaced("command: [web]", "listens: on")),
            "u.yaml:7: services.web.command: is missing: expected a list of texts such as "
            "[bin/api, --verbose]");
  EXPECT_EQ(mistakes_of(replaced("services:\n  web:\n    command: [web]\n", "")),
            "u.yaml: services: is missing: expected a mapping of names to services");
}

TEST(AKey, written_twice_is_refused_in_its_second_line) {
  EXPECT_EQ(mistakes_with("lease:\n  ttl: 2s\n  ttl: 3s\n"),
            "u.yaml:11: lease.ttl: is written twice, first in line 10");
  EXPECT_EQ(mistakes_of(replaced("  south:", "  north:")),
            "u.yaml:2: regions: expected exactly two regions, found 1\n"
            "u.yaml:4: regions.north: is written twice, first in line 3");
  EXPECT_EQ(mistakes_with("redis: on\nredis: on\n"),
            "u.yaml:10: redis: is written twice, first in line 9");
  EXPECT_EQ(mistakes_with("    environment: { A: 1, A: 2 }\n"),
            "u.yaml:9: services.web.environment.A: is written twice, first in line 9");
}

TEST(AName, must_be_usable_for_hosts_and_files) {
  const std::string expected =
      "expected a name usable for hosts and files (1 to 31 lower-case letters, digits and hyphens, "
      "a letter first, no hyphen last), found ";
  EXPECT_EQ(mistakes_of(replaced("shop", "Shop")), "u.yaml:1: platform: " + expected + "\"Shop\"");
  EXPECT_EQ(mistakes_of(replaced("shop", "''")), "u.yaml:1: platform: " + expected + "\"\"");
  EXPECT_EQ(mistakes_of(replaced("  web:", "  we/b:")),
            "u.yaml:7: services.we/b: " + expected + "\"we/b\"");
  EXPECT_EQ(mistakes_of(replaced("  web:", "  '':")),
            "u.yaml:7: services.\"\": " + expected + "\"\"");
  EXPECT_EQ(mistakes_of(replaced("  south:", "  9south:")),
            "u.yaml:4: regions.9south: " + expected + "\"9south\"");
  EXPECT_EQ(mistakes_of(replaced("shop", std::string(32, 'a'))),
            "u.yaml:1: platform: " + expected + "\"" + std::string(32, 'a') + "\"");
  EXPECT_EQ(mistakes_of(replaced("shop", "shop-")),
            "u.yaml:1: platform: " + expected + "\"shop-\"");
}

TEST(Regions, are_exactly_two) {
  EXPECT_EQ(mistakes_of(replaced("home:", "  east: { address: 127.0.5.1 }\nhome:")),
            "u.yaml:2: regions: expected exactly two regions, found 3");
  EXPECT_EQ(mistakes_of(replaced("  south: { address: 127.0.2.1 }\n", "")),
            "u.yaml:2: regions: expected exactly two regions, found 1");
}

TEST(Regions, are_not_called_like_another_part_of_the_platform) {
  EXPECT_EQ(
      mistakes_of(replaced("  south:", "  witness:")),
      "u.yaml:4: regions.witness: a region cannot be called witness, which is a part of every "
      "platform");
}

TEST(Services, are_not_called_like_what_runs_beside_them) {
  EXPECT_EQ(mistakes_of(replaced("  web:", "  postgres:")),
            "u.yaml:7: services.postgres: a service cannot be called postgres, which is a part of "
            "every region");
}

TEST(Home, is_one_of_the_regions) {
  EXPECT_EQ(mistakes_of(replaced("home: north", "home: east")),
            "u.yaml:5: home: expected a region (north or south), found \"east\"");
}

TEST(AnAddress, is_an_ipv4_address) {
  for (const char* address : {"localhost", "'::1'", "127.1", "127.0.2.256", "127.0.2.01", "''"}) {
    EXPECT_THAT(mistakes_of(replaced("127.0.2.1", address)),
                HasSubstr("u.yaml:4: regions.south.address: expected an IPv4 address such as "
                          "127.0.1.1, found \""))
        << address;
  }
}

TEST(AnAddress, of_the_local_stack_is_a_loopback_address) {
  EXPECT_EQ(mistakes_with("witness: { address: 10.0.0.1 }\n"),
            "u.yaml:9: witness.address: expected a loopback address (127.x.y.z), found 10.0.0.1: "
            "the local stack listens on this machine only");
}

TEST(AnAddress, is_one_that_a_host_can_have) {
  EXPECT_EQ(mistakes_with("edge: { address: 127.0.9.0 }\n"),
            "u.yaml:9: edge.address: expected an address that ends in 1 to 254, found 127.0.9.0");
}

TEST(AddressRanges, are_apart_as_failure_domains) {
  EXPECT_EQ(mistakes_of(replaced("127.0.2.1", "127.0.1.2")),
            "u.yaml:4: regions.south.address: relation address-ranges: 127.0.1.2 lies in the range "
            "127.0.1.0/24 of regions.north.address; each region, the witness and the edge need a "
            "range of their own, being failure domains");
  EXPECT_THAT(mistakes_of(replaced("127.0.2.1", "127.0.3.7")),
              HasSubstr("u.yaml:4: regions.south.address: relation address-ranges: 127.0.3.7 lies "
                        "in the range 127.0.3.0/24 of witness.address;"));
}

TEST(ACommand, is_a_program_and_its_arguments) {
  EXPECT_EQ(
      mistakes_of(replaced("[web]", "web")),
      "u.yaml:8: services.web.command: expected a list of texts such as [bin/api, --verbose], "
      "found \"web\"");
  EXPECT_EQ(mistakes_of(replaced("[web]", "[]")),
            "u.yaml:8: services.web.command: expected a program and its arguments, found an empty "
            "list");
  EXPECT_EQ(mistakes_of(replaced("[web]", "['']")),
            "u.yaml:8: services.web.command[0]: expected a program, found an empty text");
  EXPECT_EQ(mistakes_of(replaced("[web]", "\n      - web\n      - {}")),
            "u.yaml:10: services.web.command[1]: expected a text, found an empty mapping");
}

TEST(ASecret, is_the_name_of_a_variable_that_nobody_else_sets) {
  EXPECT_EQ(mistakes_with("    secrets: TOKEN\n"),
            "u.yaml:9: services.web.secrets: expected a list of variables' names such as "
            "[STAFF_PASSWORD], found \"TOKEN\"");
  EXPECT_EQ(mistakes_with("    secrets: [A-B]\n"),
            "u.yaml:9: services.web.secrets[0]: expected the name of an environment variable: "
            "letters, digits and underscores");
  EXPECT_EQ(mistakes_with("    secrets: [TOKEN, REDIS_URL]\n"),
            "u.yaml:9: services.web.secrets[1]: REDIS_URL is set by Understudy and cannot be "
            "chosen");
  EXPECT_EQ(mistakes_with("    secrets: [TOKEN, TOKEN]\n"),
            "u.yaml:9: services.web.secrets[1]: \"TOKEN\" stands twice");
  EXPECT_EQ(
      mistakes_with("    environment: { TOKEN: hush }\n    secrets: [TOKEN]\n"),
      "u.yaml:10: services.web.secrets[0]: relation secrets-environment: TOKEN has a value in "
      "environment already; expected it in one of the two");
}

TEST(AnEnvironment, is_of_named_texts_whose_values_no_message_shows) {
  EXPECT_EQ(mistakes_with("    environment: { A-B: hush }\n"),
            "u.yaml:9: services.web.environment.A-B: expected the name of an environment variable: "
            "letters, digits and underscores");
  EXPECT_EQ(mistakes_with("    environment: { PORT: 80 }\n"),
            "u.yaml:9: services.web.environment.PORT: PORT is set by Understudy and cannot be "
            "chosen");
  EXPECT_EQ(
      mistakes_with("    environment: { DATABASE_URL: hush }\n"),
      "u.yaml:9: services.web.environment.DATABASE_URL: DATABASE_URL is set by Understudy and "
      "cannot be chosen");
  EXPECT_EQ(
      mistakes_with("    environment: { A: [hush] }\n"),
      "u.yaml:9: services.web.environment.A: expected a text (\"\" for an empty one), found a "
      "list");
  EXPECT_EQ(mistakes_with("    environment: { A: }\n"),
            "u.yaml:9: services.web.environment.A: expected a text (\"\" for an empty one), found "
            "nothing");
}

TEST(AUrlPath, begins_with_a_slash_and_has_no_spaces) {
  EXPECT_EQ(mistakes_with("    ready_path: ready\n"),
            "u.yaml:9: services.web.ready_path: expected a path such as /ready, found \"ready\"");
  EXPECT_EQ(mistakes_with("    live_path: /a b\n"),
            "u.yaml:9: services.web.live_path: expected a path such as /ready, found \"/a b\"");
}

TEST(ADatabase, is_the_applications_own) {
  EXPECT_EQ(mistakes_with("database: { name: Shop }\n"),
            "u.yaml:9: database.name: expected 1 to 63 lower-case letters, digits and underscores, "
            "no digit first, found \"Shop\"");
  EXPECT_EQ(mistakes_with("database: { name: template1 }\n"),
            "u.yaml:9: database.name: template1 is PostgreSQL's own; expected a database of the "
            "application");
  EXPECT_EQ(
      mistakes_with("database: { application_role: postgres }\n"),
      "u.yaml:9: database.application_role: postgres is PostgreSQL's own and may get past the "
      "fence; expected a role of the application");
  EXPECT_EQ(mistakes_with("database: { schema_file: '' }\n"),
            "u.yaml:9: database.schema_file: expected a text, found an empty one");
}

TEST(TheLocalStack, knows_no_shell_and_no_root) {
  EXPECT_EQ(mistakes_with("local: { data: ~/shop }\n"),
            "u.yaml:9: local.data: expected a path without ~, which only shells know, found "
            "\"~/shop\"");
  EXPECT_EQ(mistakes_with("local: { run_as: root }\n"),
            "u.yaml:9: local.run_as: expected a user other than root, under which PostgreSQL "
            "refuses to run");
  EXPECT_EQ(mistakes_with("local: { run_as: 'a b' }\n"),
            "u.yaml:9: local.run_as: expected the name of a user of this machine, found \"a b\"");
}

TEST(AFileWithManyMistakes, tells_all_of_them_in_the_order_of_the_file) {
  EXPECT_EQ(
      mistakes_of("platform: Shop\n"
                  "regions: { north: { address: here } }\n"
                  "hom: north\n"
                  "services: { web: { command: [web], posture: cold, colour: red } }\n"
                  "lease: { ttl: soon, renew_interval: 900ms }\n"
                  "probe: { failures: 0 }\n"),
      "u.yaml: home: is missing: expected a text\n"
      "u.yaml:1: platform: expected a name usable for hosts and files (1 to 31 lower-case "
      "letters, digits and hyphens, a letter first, no hyphen last), found \"Shop\"\n"
      "u.yaml:2: regions.north.address: expected an IPv4 address such as 127.0.1.1, found "
      "\"here\"\n"
      "u.yaml:2: regions: expected exactly two regions, found 1\n"
      "u.yaml:3: hom: is not a setting; did you mean home?\n"
      "u.yaml:4: services.web.posture: expected one of warm, minimal, edge-cached, "
      "scaled-on-failover, active-only, found \"cold\"\n"
      "u.yaml:4: services.web.colour: is not a setting; expected one of command, environment, "
      "secrets, listens, ready_path, live_path, ingress, path, posture, instances_active, "
      "instances_standby\n"
      "u.yaml:5: lease.ttl: expected a length such as 2s or 600ms, found \"soon\"\n"
      "u.yaml:6: probe.failures: expected a whole number from 1 to 100, found 0");
}

TEST(AFileWithTooManyMistakes, tells_a_hundred_and_counts_the_rest) {
  std::string text = kMinimal;
  for (int i = 0; i < 150; ++i) text += "unknown" + std::to_string(i) + ": 1\n";
  const auto mistakes = parse_topology(text, "u.yaml").mistakes;
  ASSERT_THAT(mistakes, SizeIs(101));
  EXPECT_EQ(mistakes.back().text(), "u.yaml: has 50 more mistakes, not shown");
}

TEST(WhatIsShownOfAValue, is_short_and_printable) {
  const auto text = mistakes_with("redis: \"\\e[31m" + std::string(500, 'x') + "\"\n");
  EXPECT_THAT(text, HasSubstr("found \"\\x1b[31mxxx"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_LT(text.size(), 120u);
}

}  // namespace
}  // namespace understudy
