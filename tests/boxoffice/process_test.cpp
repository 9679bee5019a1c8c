// The program as its supervisor sees it.

#include <signal.h>

#include <future>

#include "stack.h"

namespace understudy::test {
namespace {

class Program : public Stack {
 protected:
  /// Runs to its end; what it printed.
  std::string refuse(std::map<std::string, std::string> settings, int expected = 2) {
    const auto program = start(std::move(settings));
    EXPECT_EQ(program->process().wait(), expected);
    return program->output();
  }
};

TEST_F(Program, what_is_missing_or_wrong_is_named_in_one_line) {
  const std::pair<const char*, const char*> wrong[] = {
      {"ROLE", "api-nothing"}, {"HOST", ""},
      {"PORT", "70000"},       {"DATABASE_URL", "pw=secret"},
      {"REGION", ""},          {"REDIS_URL", "redis://secret"},
      {"INSTANCE", ""},        {"UNDERSTUDY_PAGE", ""}};
  for (const auto& [name, value] : wrong) {
    auto settings = environment("api-web");
    settings[name] = value;
    const std::string output = refuse(settings);
    EXPECT_TRUE(output.starts_with(std::string("boxoffice: ") + name)) << output;
    EXPECT_NE(output.find("expected"), std::string::npos) << output;
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_EQ(output.find("secret"), std::string::npos) << output;
  }
}

TEST_F(Program, a_port_that_is_taken_is_named) {
  const auto first = start_web();
  auto settings = environment("api-web");
  settings["PORT"] = std::to_string(first->port());
  EXPECT_NE(refuse(settings, 1).find(":" + std::to_string(first->port())), std::string::npos);
}

TEST_F(Program, sigterm_lets_a_running_purchase_come_to_its_end) {
  const auto web = start_web();
  const auto lock = lock_seat(4);
  auto buying = std::async([&] { return web->buy("term-" + std::to_string(event()), event(), 4); });
  await_blocked();
  web->process().signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return web->get("/live").status == 0; }));  // listens no more
  ASSERT_TRUE(lock->run_script("ROLLBACK", 5s).ok());
  EXPECT_EQ(buying.get().status, 201U);
  EXPECT_EQ(web->process().wait(), 0);
}

TEST_F(Program, its_events_are_json_lines_without_secrets) {
  const auto web = start_web();
  EXPECT_EQ(web->buy("log-" + std::to_string(event()), event()).status, 201U);
  EXPECT_EQ(web->buy("log-" + std::to_string(event()), 999'999).status, 422U);
  web->process().signal(SIGTERM);
  EXPECT_EQ(web->process().wait(), 0);
  std::istringstream lines(web->output());
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const auto event = boost::json::parse(line).as_object();
    for (const char* field : {"time", "event", "role", "region", "instance"})
      EXPECT_TRUE(event.contains(field)) << line;
    names.emplace_back(event.at("event").as_string().c_str());
    if (names.back() == "request" && event.at("status").as_int64() == 201) {
      EXPECT_EQ(event.at("outcome").as_string(), "sold");
      EXPECT_EQ(event.at("epoch").as_int64(), 7);
    }
  }
  EXPECT_EQ(names.front(), "started");
  EXPECT_EQ(names.back(), "stopped");
  EXPECT_EQ(std::count(names.begin(), names.end(), "request"), 2);
  for (const char* secret : {ScratchPostgres::kPassword, ScratchRedis::kPassword})
    EXPECT_EQ(web->output().find(secret), std::string::npos);
}

TEST_F(Program, what_it_prints_when_nothing_answers_holds_no_secrets) {
  auto settings = environment("api-web");
  settings["DATABASE_URL"] =
      "host=127.0.0.1 port=" + std::to_string(free_port()) + " user=a dbname=b password=hidden";
  const auto web = start(settings);
  ASSERT_TRUE(eventually([&] { return web->get("/live").status == 200; }));
  const auto ready = web->get("/ready");
  EXPECT_EQ(ready.status, 503U);
  const auto refused = web->buy("x", 1);
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.text("outcome"), "refused");
  for (const auto& text : {ready.response.body, refused.response.body, web->output()})
    EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
}

}  // namespace
}  // namespace understudy::test
