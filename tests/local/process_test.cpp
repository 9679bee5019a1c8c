// Programs started, named and ended.
#include "system/process.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

namespace understudy {
namespace {

using testing::HasSubstr;

constexpr auto kPatience = milliseconds(10'000);

process::Command sh(const std::string& line) { return {.arguments = {"/bin/sh", "-c", line}}; }

int wait_for(pid_t pid) {
  int status = -1;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Process, says_why_a_program_cannot_be_started) {
  const Scratch scratch;
  EXPECT_THAT(why(process::spawn({.arguments = {"/nowhere/at-all"}})),
              HasSubstr("/nowhere/at-all: No such file"));
  EXPECT_THAT(why(process::spawn({.arguments = {"no-such-program-anywhere"}})),
              HasSubstr("no-such-program-anywhere"));
  EXPECT_THAT(why(process::spawn({.arguments = {scratch.folder()}})), HasSubstr("denied"));
  auto astray = sh("true");
  astray.directory = scratch.file("missing");
  EXPECT_THAT(why(process::spawn(astray)), HasSubstr(scratch.file("missing")));
  auto mute = sh("true");
  mute.log_file = scratch.file("missing/log");
  EXPECT_THAT(why(process::spawn(mute)), HasSubstr(scratch.file("missing/log")));
}

TEST(Process, inherits_neither_environment_nor_files) {
  setenv("UNDERSTUDY_TEST_SECRET", "hunter2", 1);
  const int leak = dup(0);
  auto command = sh("env; ls /proc/self/fd");
  command.environment = {{"PATH", "/usr/bin:/bin"}, {"GIVEN", "yes"}};
  const auto ended = process::run(command, kPatience);
  close(leak);
  unsetenv("UNDERSTUDY_TEST_SECRET");
  ASSERT_EQ(why(ended), "");
  EXPECT_THAT(ended->output, HasSubstr("GIVEN=yes"));
  EXPECT_THAT(ended->output, testing::Not(HasSubstr("hunter2")));
}

TEST(Process, appends_to_its_log_that_only_its_user_may_read) {
  const Scratch scratch;
  for (const char* line : {"echo one", "echo two >&2"}) {
    auto command = sh(line);
    command.log_file = scratch.file("log");
    const auto pid = process::spawn(command);
    ASSERT_EQ(why(pid), "");
    EXPECT_EQ(wait_for(*pid), 0);
  }
  EXPECT_EQ(text_of(scratch.file("log")), "one\ntwo\n");
  EXPECT_EQ(mode_of(scratch.file("log")) & 077U, 0U);
}

TEST(Process, runs_with_no_signal_blocked_though_we_block_some) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto pid = process::spawn({.arguments = {"/bin/sleep", "1000"}});
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_EQ(why(pid), "");
  kill(*pid, SIGTERM);
  EXPECT_EQ(wait_for(*pid), 128 + SIGTERM);
}

TEST(Process, dies_with_its_parent_if_told_so) {
  const Scratch scratch;
  const pid_t parent = fork();
  if (parent == 0) {
    auto pid = process::spawn({.arguments = {"/bin/sleep", "1000"}, .death_signal = SIGKILL});
    if (pid) std::ignore = shell("echo " + std::to_string(*pid) + " > " + scratch.file("pid"));
    pause();
    _exit(0);
  }
  ASSERT_TRUE(eventually([&] { return !lines_of(scratch.file("pid")).empty(); }));
  const auto child = process::identify(std::stoi(lines_of(scratch.file("pid"))[0]));
  ASSERT_TRUE(child);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(process::wait_gone(*child, kPatience));
}

TEST(Process, gives_back_status_and_output) {
  const auto ended = process::run(sh("echo out; echo err >&2; exit 3"), kPatience);
  ASSERT_EQ(why(ended), "");
  EXPECT_EQ(ended->status, 3);
  EXPECT_THAT(ended->output, HasSubstr("out\n"));
  EXPECT_THAT(ended->output, HasSubstr("err\n"));
  const auto killed = process::run(sh("kill -9 $$"), kPatience);
  ASSERT_EQ(why(killed), "");
  EXPECT_EQ(killed->status, 128 + SIGKILL);
}

TEST(Process, that_takes_too_long_is_ended) {
  const auto late = process::run({.arguments = {"/bin/sleep", "1000"}}, milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().after, After::unknown);
  EXPECT_THAT(late.error().what, HasSubstr("longer than 50 ms"));
}

TEST(Process, is_known_again_by_its_start_not_by_its_number) {
  const auto pid = process::spawn({.arguments = {"/bin/sleep", "1000"}});
  ASSERT_EQ(why(pid), "");
  const auto who = process::identify(*pid);
  ASSERT_TRUE(who);
  EXPECT_TRUE(process::alive(*who));
  EXPECT_FALSE(process::alive({who->pid, who->started + 1})) << "another one with its number";
  kill(*pid, SIGKILL);
  EXPECT_TRUE(process::wait_gone(*who, kPatience)) << "a zombie counts as gone";
  waitpid(*pid, nullptr, 0);
  EXPECT_FALSE(process::identify(*pid));
  EXPECT_FALSE(process::identify(0));
}

}  // namespace
}  // namespace understudy
