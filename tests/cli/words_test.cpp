// The command line without a stack: its words, its exit status, and its one line for each mistake.
#include <gmock/gmock.h>

#include "run.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kNo = 1;
constexpr int kUsage = 2;
constexpr int kMachine = 3;

const std::vector<std::string> kCommands = {
    "acknowledge", "alert",    "approve",     "automation", "cancel",       "check",
    "decline",     "detach",   "down",        "drill",      "failback",     "failover",
    "history",     "logs",     "maintenance", "mode",       "pause",        "record",
    "registry",    "rejoin",   "report",      "resume",     "retry",        "rules",
    "salvage",     "serve",    "simulate",    "skip",       "status",       "supervise",
    "switchover",  "timeline", "up",          "validate",   "verify-record"};

const std::string kExample = UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/understudy.yaml";

/// A stack that is nowhere, of the example's platform.
std::vector<std::string> nowhere(const std::string& command) {
  return {command, "-f", kExample, "--data", "/nowhere/stack"};
}

TEST(Words, every_command_explains_itself) {
  for (const std::string& command : kCommands) {
    const Said said = run_understudy({command, "--help"});
    EXPECT_EQ(said.status, 0) << command;
    EXPECT_THAT(said.out, HasSubstr("--help")) << command;
    EXPECT_THAT(said.err, IsEmpty()) << command;
  }
}

TEST(Words, the_help_names_every_command_and_every_exit_status) {
  const Said said = run_understudy({"--help"});
  EXPECT_EQ(said.status, 0);
  for (const std::string& command : kCommands) EXPECT_THAT(said.out, HasSubstr("  " + command));
  EXPECT_THAT(said.out, HasSubstr("Exit status: 0"));
  EXPECT_EQ(run_understudy({"--version"}).status, 0);
}

TEST(Words, the_documentation_names_every_command) {
  const std::string page = read_text(UNDERSTUDY_SOURCE_DIR "/docs/cli.md");
  for (const std::string& command : kCommands) EXPECT_THAT(page, HasSubstr("`" + command));
  EXPECT_THAT(page, HasSubstr("UNDERSTUDY_POSTGRES_BIN"));
}

TEST(Words, of_the_report_name_the_file_that_is_no_verdict_and_write_nothing) {
  const Folder folder;
  write_text(folder.file("verdict.json"), "{\"fault\": \"region-kill\"}");
  const Said said =
      run_understudy({"report", "--out", folder.file("out"), folder.file("verdict.json")});
  EXPECT_EQ(said.status, kUsage);
  EXPECT_TRUE(is_one_line(said.err)) << said.err;
  EXPECT_THAT(said.err, HasSubstr("verdict.json: is no drill's verdict: "));
  EXPECT_EQ(read_text(folder.file("out/report.html")), "");
  EXPECT_EQ(run_understudy({"report", folder.file("none.json")}).status, kUsage);
  EXPECT_EQ(run_understudy({"report"}).status, kUsage);
}

TEST(Words, that_verify_a_record_need_no_stack_and_name_what_is_wrong) {
  const Folder folder;
  write_text(folder.file("a.record.jsonl"), "{\"content\":{}}\n");
  const Said said = run_understudy({"verify-record", folder.file("a.record.jsonl")});
  EXPECT_EQ(said.status, kNo);
  EXPECT_THAT(said.out, HasSubstr("a.record.jsonl: DOES NOT HOLD"));
  EXPECT_THAT(said.out, HasSubstr("chain        BROKEN: the last line is no signature"));
  const auto usage = [&](const std::vector<std::string>& words) {
    const Said wrong = run_understudy(words);
    EXPECT_EQ(wrong.status, kUsage);
    return wrong.err;
  };
  EXPECT_TRUE(is_one_line(usage({"verify-record", folder.file("none")})));
  EXPECT_THAT(usage({"verify-record", folder.file("a.record.jsonl"), "--authority",
                     folder.file("a.record.jsonl")}),
              HasSubstr("is no certificate"));
  usage({"verify-record"});
  usage({"record"});
  usage({"record", "show"});
  EXPECT_EQ(run_understudy({"record", "list", "-f", kExample, "--data", "/nowhere/stack"}).status,
            kNo);
}

TEST(Words, of_the_simulator_tell_a_seed_and_catch_a_sabotage) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer cannot follow fibers";
#endif
  const Said told = run_understudy({"simulate", "--profile", "failover", "--seed", "2", "--trace"});
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("region dies: north"));
  EXPECT_THAT(told.out, HasSubstr("transition 1 promoting → switched"));
  const Said caught = run_understudy({"simulate", "--sabotage", "cron-without-claims"});
  EXPECT_EQ(caught.status, 0) << caught.out;
}

TEST(Words, that_are_unknown_or_missing_are_wrong_usage) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"explode"},
                                                       {"up", "--explode"},
                                                       {"up", "-f"},
                                                       {"up", "--port-base", "many"},
                                                       {"rules", "extra"},
                                                       {"automation"},
                                                       {"automation", "maybe"},
                                                       {"maintenance", "ask"},
                                                       {"acknowledge", "extra"},
                                                       {"alert"},
                                                       {"alert", "--to", "ada"},
                                                       {"serve"},
                                                       {"drill", "--fault", "no-such-fault"},
                                                       {"drill", "--rate", "0"},
                                                       {"simulate", "--profile", "calm"},
                                                       {"simulate", "--sabotage", "everything"}};
  for (const auto& words : wrong) {
    const Said said = run_understudy(words);
    EXPECT_EQ(said.status, kUsage) << testing::PrintToString(words);
    EXPECT_THAT(said.err, Not(IsEmpty())) << testing::PrintToString(words);
  }
}

TEST(Validate, accepts_the_example) {
  const Said said = run_understudy({"validate", "-f", kExample});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, testing::ContainsRegex("boxoffice in north and south, [0-9]+ services"));
}

TEST(Validate, names_file_line_path_and_what_was_expected) {
  const Folder folder;
  const std::string file = folder.file("u.yaml");
  write_text(file,
             "platform: shop\nregions:\n  north: { address: 127.0.1.1 }\n"
             "  south: { address: 127.0.2.1 }\nhome: north\nservices:\n  web:\n"
             "    command: [web]\n    posture: warmish\nlease: { ttl: soon }\n");
  for (const char* command : {"validate", "up", "status", "down", "logs", "drill"}) {
    const Said said = run_understudy({command, "-f", file});
    EXPECT_EQ(said.status, kUsage) << command;
    EXPECT_THAT(said.err, HasSubstr(file + ":9: services.web.posture: ")) << command;
    EXPECT_THAT(said.err, HasSubstr(file + ":10: lease.ttl: expected a length")) << command;
  }
}

TEST(Validate, names_a_file_that_is_missing_or_no_yaml) {
  const Folder folder;
  const Said missing = run_understudy({"validate"}, {}, folder.path());
  EXPECT_EQ(missing.status, kUsage);
  EXPECT_TRUE(is_one_line(missing.err)) << missing.err;
  EXPECT_THAT(missing.err, HasSubstr("understudy.yaml"));
  write_text(folder.file("u.yaml"), "platform: shop\nregions: [north\nhome: }\n");
  const Said broken = run_understudy({"validate", "-f", folder.file("u.yaml")});
  EXPECT_EQ(broken.status, kUsage);
  EXPECT_TRUE(is_one_line(broken.err)) << broken.err;
  EXPECT_THAT(broken.err, HasSubstr(folder.file("u.yaml") + ":"));
}

TEST(Validate, refuses_a_port_base_that_the_file_may_not_have_either) {
  for (const char* base : {"80", "65000"}) {
    const Said said = run_understudy({"validate", "-f", kExample, "--port-base", base});
    EXPECT_EQ(said.status, kUsage) << base;
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr("port_base"));
  }
}

TEST(Rules, are_printed_as_the_table_that_decides) {
  const Said said = run_understudy({"rules"});
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.out, HasSubstr("because"));
  EXPECT_GE(std::count(said.out.begin(), said.out.end(), '\n'), 10);
}

TEST(Rules, tell_when_a_failover_may_begin_by_itself) {
  const Said said = run_understudy({"rules"});
  EXPECT_THAT(said.out, HasSubstr("\n110       Y "));
  EXPECT_THAT(said.out, HasSubstr("maintenance mode is on"));
}

TEST(Orders, are_checked_before_anybody_is_asked) {
  const std::vector<std::vector<std::string>> wrong = {
      {"maintenance", "on"},
      {"maintenance", "on", "--for", "1h"},
      {"maintenance", "on", "--reason", "new disks"},
      {"maintenance", "on", "--reason", "new disks", "--for", "soon"},
      {"automation", "off", "--for", "0s"}};
  for (const auto& words : wrong) {
    const Said said = run_understudy(words);
    EXPECT_EQ(said.status, kUsage) << testing::PrintToString(words);
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr("--for")) << said.err;
  }
}

TEST(Orders, without_a_stack_are_told_in_one_line) {
  const std::vector<std::vector<std::string>> orders = {
      {"automation", "off"},
      {"maintenance", "off"},
      {"maintenance", "on", "--for", "1h", "--reason", "new disks"},
      {"acknowledge"},
      {"alert", "--test"}};
  for (auto words : orders) {
    words.insert(words.end(), {"-f", kExample, "--data", "/nowhere/stack"});
    const Said said = run_understudy(words);
    EXPECT_EQ(said.status, kNo) << words[0];
    EXPECT_TRUE(is_one_line(said.err)) << words[0] << ": " << said.err;
    EXPECT_THAT(said.err, HasSubstr("is the stack up?")) << words[0];
  }
}

TEST(Drill, lists_its_faults) {
  const Said said = run_understudy({"drill", "--list"});
  EXPECT_EQ(said.status, 0);
  for (const char* fault : {"region-kill", "region-freeze", "agent-freeze", "database-crash",
                            "path-cut", "one-vantage-cut", "bad-deploy"})
    EXPECT_THAT(said.out, HasSubstr(fault));
}

TEST(WithoutAStack, whoever_asks_is_told_in_one_line) {
  for (const char* command : {"status", "history", "timeline", "approve", "decline", "logs"}) {
    const Said said = run_understudy(nowhere(command));
    EXPECT_EQ(said.status, kNo) << command;
    EXPECT_TRUE(is_one_line(said.err)) << command << ": " << said.err;
    EXPECT_THAT(said.err, HasSubstr("is the stack up?")) << command;
    EXPECT_THAT(said.out, IsEmpty()) << command;
  }
}

TEST(WithoutAStack, there_is_nothing_to_take_down) {
  const Said said = run_understudy(nowhere("down"));
  EXPECT_EQ(said.status, 0) << said.err;
}

TEST(WithoutAStack, its_processes_say_so_in_one_line) {
  const std::vector<std::vector<std::string>> processes = {{"serve"},
                                                           {"registry"},
                                                           {"--edge"},
                                                           {"--region", "north"},
                                                           {"supervise", "--domain", "edge"}};
  for (auto words : processes) {
    words.insert(words.end(), {"--data", "/nowhere/stack"});
    const bool of_agent = words[0].starts_with("--");
    const Said said = run_program(of_agent ? UNDERSTUDY_AGENT : UNDERSTUDY_PROGRAM, words);
    EXPECT_EQ(said.status, kMachine) << words[0];
    EXPECT_TRUE(is_one_line(said.err)) << words[0] << ": " << said.err;
    EXPECT_THAT(said.err, HasSubstr("no stack in /nowhere/stack")) << words[0];
  }
}

TEST(TheAgentProgram, explains_itself_and_refuses_what_it_does_not_know) {
  const Said help = run_program(UNDERSTUDY_AGENT, {"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("--region NAME"));
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{},
        {"--data", "/nowhere"},
        {"--data", "/nowhere", "--edge", "more"},
        {"--data", "/nowhere", "--edge", "--region", "north"},
        {"--region"},
        {"--what"}}) {
    EXPECT_EQ(run_program(UNDERSTUDY_AGENT, wrong).status, kUsage);
  }
}

}  // namespace
}  // namespace understudy
