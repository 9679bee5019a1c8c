// What this machine lacks is said in one line, and nothing has been started or left behind.
#include <gmock/gmock.h>
#include <unistd.h>

#include "local/units.h"
#include "place.h"
#include "system/http_server.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kMachine = 3;

/// One line, the documented status, and not a trace.
void expect_refused(const Place& place, const Said& said, const std::string& because) {
  EXPECT_EQ(said.status, kMachine) << said.err;
  EXPECT_TRUE(is_one_line(said.err)) << said.err;
  EXPECT_THAT(said.err, HasSubstr(because));
  EXPECT_THAT(place.left_behind(), IsEmpty());
}

TEST(Refusal, of_a_port_that_is_taken) {
  const Place place;
  const Endpoint wanted = place.layout().redis("south");
  const auto taken = http::Server::start({.address = wanted.address, .port = wanted.port},
                                         [](const http::Request&) { return http::Response{}; });
  ASSERT_TRUE(taken);
  expect_refused(place, place.run({"up"}),
                 "Redis in south cannot listen: " + wanted.text() + ": Address already in use");
}

TEST(Refusal, of_a_machine_without_postgresql) {
  const Place place;
  expect_refused(place, place.run({"up"}, {{"UNDERSTUDY_POSTGRES_BIN", "/nowhere/bin"}}),
                 "/nowhere/bin/postgres: PostgreSQL 15 is not installed: scripts/setup");
}

TEST(Refusal, of_a_service_without_a_program) {
  const Place place;
  std::string text = read_text(place.config());
  const std::string program = UNDERSTUDY_BOXOFFICE;
  text.replace(text.find(program), program.size(), "./no-such-program");
  write_text(place.config(), text);
  expect_refused(place, place.run({"up"}), "services.api-web.command");
}

TEST(Refusal, of_a_user_who_does_not_exist) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs the stack as somebody else";
  const Place place;
  write_text(place.config(), read_text(place.config()) + "  run_as: nobody-at-all\n");
  expect_refused(place, place.run({"up"}), "local.run_as: no user named \"nobody-at-all\"");
}

TEST(Refusal, of_a_folder_with_other_things_in_it) {
  const Folder folder;
  write_text(folder.file("thesis.txt"), "years of work");
  const Place place(folder.path());
  for (const char* command : {"up", "down"}) {
    const Said said = place.run({command});
    EXPECT_EQ(said.status, kMachine) << command;
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr("not empty"));
  }
  EXPECT_EQ(read_text(folder.file("thesis.txt")), "years of work");
}

}  // namespace
}  // namespace understudy
