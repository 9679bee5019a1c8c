// The supervisor, for real: what it keeps running, what it obeys, and what it leaves behind.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include "domain.h"
#include "system/process.h"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kPatience = milliseconds(5000);

/// Says its name in the file `order` when it is asked to end.
Unit last_words(const Scratch& scratch, const std::string& name) {
  return shell_unit(scratch, name,
                    "trap 'echo " + name + " >> order; exit 0' TERM; echo > " + name +
                        ".ready; while :; do sleep 0.01; done");
}

bool exists(pid_t pid) { return process::identify(pid).has_value(); }

TEST(Supervisor, starts_what_ends_again_after_longer_and_longer_pauses) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch,
                                {shell_unit(scratch, "crash", "date +%s%N >> starts; exit 7")});
  ASSERT_TRUE(eventually([&] { return lines_of(scratch.file("starts")).size() >= 4; }));
  const auto starts = lines_of(scratch.file("starts"));
  for (std::size_t i = 1; i < 4; ++i) {
    const auto pause_ms = (std::stoll(starts[i]) - std::stoll(starts[i - 1])) / 1'000'000;
    EXPECT_GE(pause_ms, (100LL << (i - 1)) - 5) << "before start " << i;
  }
  const UnitState crash = domain.unit("crash");
  EXPECT_EQ(crash.last_status, 7);
  EXPECT_GE(crash.restarts, 3U);
}

TEST(Supervisor, says_what_it_would_start_whatever_its_file_says_by_now) {
  const Scratch scratch;
  Unit steady = shell_unit(scratch, "steady", "exec sleep 1000");
  steady.environment["TOKEN"] = "as it was";
  const SupervisedDomain domain(scratch, {steady});
  ASSERT_TRUE(eventually([&] { return domain.unit("steady").up_ms >= 50; }));
  steady.environment["TOKEN"] = "as it is to be";
  ASSERT_EQ(why(save_units({steady}, scratch.file("units.json"))), "");
  const auto units = domain.client().configuration(kPatience);
  ASSERT_EQ(why(units), "");
  ASSERT_EQ(units->size(), 1U);
  EXPECT_EQ(units->front().environment.at("TOKEN"), "as it was");
  EXPECT_EQ(units->front().command, steady.command);
}

TEST(Supervisor, tells_a_unit_that_a_signal_ended_by_its_number) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {shell_unit(scratch, "steady", "exec sleep 1000")});
  ASSERT_TRUE(eventually([&] { return domain.runs("steady"); }));
  const pid_t before = domain.unit("steady").pid;
  kill(before, SIGKILL);
  ASSERT_TRUE(
      eventually([&] { return domain.runs("steady") && domain.unit("steady").pid != before; }));
  EXPECT_EQ(domain.unit("steady").last_status, 128 + SIGKILL);
  EXPECT_EQ(domain.unit("steady").restarts, 1U);
}

TEST(Supervisor, stops_a_unit_by_its_own_signal_and_keeps_it_down_until_it_is_released) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {last_words(scratch, "steady")});
  ASSERT_TRUE(eventually([&] { return !text_of(scratch.file("steady.ready")).empty(); }));
  ASSERT_EQ(why(domain.client().stop("steady", kPatience)), "");
  EXPECT_FALSE(domain.runs("steady"));
  EXPECT_THAT(lines_of(scratch.file("order")), ElementsAre("steady"));
  EXPECT_EQ(why(domain.client().stop("steady", kPatience)), "") << "again";
  ASSERT_EQ(why(domain.client().release("steady", kPatience)), "");
  EXPECT_TRUE(eventually([&] { return domain.runs("steady"); }));
}

TEST(Supervisor, kills_an_instance_that_is_wanted_no_more_and_does_not_end) {
  const Scratch scratch;
  Unit deaf =
      shell_unit(scratch, "deaf", "trap '' TERM; echo > deaf.ready; while :; do sleep 0.05; done");
  deaf.group = "web";
  const SupervisedDomain domain(scratch, {deaf});
  ASSERT_TRUE(eventually([&] { return !text_of(scratch.file("deaf.ready")).empty(); }));
  ASSERT_EQ(why(domain.client().want("web", 0, kPatience)), "");
  EXPECT_TRUE(domain.runs("deaf")) << "it has ten seconds";
  EXPECT_TRUE(eventually([&] { return !domain.runs("deaf"); }, milliseconds(60'000)));
  EXPECT_EQ(domain.unit("deaf").last_status, 128 + SIGKILL);
}

TEST(Supervisor, tells_that_a_unit_that_is_to_stop_has_not_ended_yet) {
  const Scratch scratch;
  const SupervisedDomain domain(
      scratch, {shell_unit(scratch, "deaf",
                           "trap '' TERM; echo > deaf.ready; while :; do sleep 0.01; done")});
  ASSERT_TRUE(eventually([&] { return !text_of(scratch.file("deaf.ready")).empty(); }));
  const auto stopped = domain.client().stop("deaf", milliseconds(200));
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().after, After::unknown);
}

TEST(Supervisor, goes_on_with_the_others_when_a_program_cannot_be_started) {
  const Scratch scratch;
  Unit absent = shell_unit(scratch, "absent", "");
  absent.command = {"/nowhere/program"};
  const SupervisedDomain domain(scratch,
                                {absent, shell_unit(scratch, "steady", "exec sleep 1000")});
  ASSERT_TRUE(
      eventually([&] { return domain.runs("steady") && domain.unit("absent").restarts > 0; }));
  EXPECT_EQ(domain.unit("absent").pid, 0);
  EXPECT_EQ(domain.unit("absent").last_status, 127);
  EXPECT_THAT(text_of(scratch.file("supervisor.log")), HasSubstr("/nowhere/program"));
}

TEST(Supervisor, goes_on_when_its_log_has_no_room) {
  const Scratch scratch;
  shell("ln -s /dev/full " + scratch.file("supervisor.log"));
  Unit absent = shell_unit(scratch, "absent", "");
  absent.command = {"/nowhere/program"};
  const SupervisedDomain domain(scratch, {absent, shell_unit(scratch, "crash", "exit 1"),
                                          shell_unit(scratch, "steady", "exec sleep 1000")});
  EXPECT_TRUE(eventually(
      [&] { return domain.unit("absent").restarts > 1 && domain.unit("crash").restarts > 1; }));
  EXPECT_TRUE(domain.runs("steady"));
}

TEST(Supervisor, runs_as_many_of_a_group_as_are_wanted) {
  const Scratch scratch;
  std::vector<Unit> units;
  for (const char* name : {"web.0", "web.1", "web.2"}) {
    units.push_back(shell_unit(scratch, name, "exec sleep 1000"));
    units.back().group = "web";
    units.back().wanted = false;
  }
  const SupervisedDomain domain(scratch, units);
  const auto count = [&] {
    return static_cast<int>(domain.runs("web.0")) + static_cast<int>(domain.runs("web.1")) +
           static_cast<int>(domain.runs("web.2"));
  };
  EXPECT_EQ(count(), 0);
  ASSERT_EQ(why(domain.client().want("web", 2, kPatience)), "");
  EXPECT_TRUE(eventually([&] { return count() == 2; }));
  EXPECT_TRUE(domain.runs("web.0"));
  EXPECT_TRUE(domain.runs("web.1"));
  ASSERT_EQ(why(domain.client().want("web", 1, kPatience)), "");
  EXPECT_TRUE(eventually([&] { return count() == 1; }));
  ASSERT_EQ(why(domain.client().want("web", 0, kPatience)), "");
  EXPECT_TRUE(eventually([&] { return count() == 0; }));
  EXPECT_EQ(domain.unit("web.0").restarts, 0U) << "what was not wanted any more is no crash";
  EXPECT_THAT(why(domain.client().want("web", 4, kPatience)), HasSubstr("than there are"));
  EXPECT_THAT(why(domain.client().want("wbe", 1, kPatience)), HasSubstr("\"wbe\""));
}

TEST(Supervisor, holds_a_unit_down_until_it_is_released) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {shell_unit(scratch, "steady", "exec sleep 1000")});
  ASSERT_TRUE(eventually([&] { return domain.runs("steady"); }));
  ASSERT_EQ(why(domain.client().hold("steady", kPatience)), "");
  ASSERT_TRUE(eventually([&] { return !domain.runs("steady"); }));
  EXPECT_FALSE(eventually([&] { return domain.runs("steady"); }, milliseconds(400)))
      << "longer than the first pause";
  ASSERT_EQ(why(domain.client().release("steady", kPatience)), "");
  EXPECT_TRUE(eventually([&] { return domain.runs("steady"); }));
  EXPECT_THAT(why(domain.client().hold("unsteady", kPatience)), HasSubstr("\"unsteady\""));
}

TEST(Supervisor, restarts_a_unit_by_its_own_stop_signal) {
  const Scratch scratch;
  Unit polite = shell_unit(scratch, "polite",
                           "trap 'echo bye >> said; exit 0' INT; echo up >> said; "
                           "while :; do sleep 0.01; done");
  polite.stop_signal = SIGINT;
  const SupervisedDomain domain(scratch, {polite});
  ASSERT_TRUE(eventually([&] { return lines_of(scratch.file("said")).size() == 1; }));
  ASSERT_EQ(why(domain.client().restart("polite", kPatience)), "");
  EXPECT_TRUE(eventually([&] { return lines_of(scratch.file("said")).size() == 3; }));
  EXPECT_THAT(lines_of(scratch.file("said")), ElementsAre("up", "bye", "up"));
}

TEST(Supervisor, ends_units_in_reverse_order_and_leaves_no_file) {
  const Scratch scratch;
  SupervisedDomain domain(scratch, {last_words(scratch, "first"), last_words(scratch, "second"),
                                    last_words(scratch, "third")});
  for (const char* name : {"first.ready", "second.ready", "third.ready"})
    ASSERT_TRUE(eventually([&] { return mode_of(scratch.file(name)) != 0; }));
  EXPECT_EQ(supervisor_of(scratch.folder()), domain.pid());
  EXPECT_EQ(domain.end(), 0);
  EXPECT_THAT(lines_of(scratch.file("order")), ElementsAre("third", "second", "first"));
  EXPECT_EQ(mode_of(domain.socket()), 0U);
  EXPECT_EQ(supervisor_of(scratch.folder()), 0);
}

TEST(Supervisor, adopts_orphans_buries_them_and_ends_the_last_with_itself) {
  const Scratch scratch;
  // The orphans leave their session, their parent and their folder.
  SupervisedDomain domain(scratch,
                          {shell_unit(scratch, "parent",
                                      "for i in 1 2; do (cd /; setsid sleep 1000 & echo $! >> " +
                                          scratch.file("orphans") + "); done; exec sleep 1000")});
  ASSERT_TRUE(eventually([&] { return lines_of(scratch.file("orphans")).size() == 2; }));
  const pid_t one = std::stoi(lines_of(scratch.file("orphans"))[0]);
  const pid_t other = std::stoi(lines_of(scratch.file("orphans"))[1]);
  const std::string adopted = "PPid:\t" + std::to_string(domain.pid()) + "\n";
  ASSERT_TRUE(eventually([&] {
    return text_of("/proc/" + std::to_string(one) + "/status").find(adopted) != std::string::npos;
  }));
  kill(one, SIGKILL);
  EXPECT_TRUE(eventually([&] { return mode_of("/proc/" + std::to_string(one)) == 0; }))
      << "it stays as a zombie";
  EXPECT_TRUE(exists(other));
  EXPECT_EQ(domain.end(), 0);
  EXPECT_FALSE(exists(other));
}

TEST(Supervisor, takes_its_units_with_it_when_it_is_killed) {
  const Scratch scratch;
  SupervisedDomain domain(scratch, {shell_unit(scratch, "steady", "exec sleep 1000")});
  ASSERT_TRUE(eventually([&] { return domain.runs("steady"); }));
  const auto steady = process::identify(domain.unit("steady").pid);
  ASSERT_TRUE(steady);
  domain.kill_it();
  EXPECT_TRUE(process::wait_gone(*steady, kPatience));
  EXPECT_EQ(supervisor_of(scratch.folder()), 0);
}

TEST(Supervisor, refuses_to_be_the_second_and_leaves_the_first_alone) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {shell_unit(scratch, "steady", "exec sleep 1000")});
  ASSERT_TRUE(eventually([&] { return domain.runs("steady"); }));
  const pid_t before = domain.unit("steady").pid;
  const pid_t second =
      spawn_supervisor(scratch.folder(), domain.socket(), scratch.file("second.log"));
  int status = 0;
  waitpid(second, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(text_of(scratch.file("second.log")), HasSubstr("held by another process"));
  EXPECT_EQ(domain.unit("steady").pid, before);
  EXPECT_EQ(supervisor_of(scratch.folder()), domain.pid());
}

TEST(Supervisor, listens_to_its_own_user_only) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {});
  EXPECT_EQ(mode_of(domain.socket()), 0600U);
}

TEST(Supervisor, refuses_what_it_does_not_understand_and_goes_on) {
  const Scratch scratch;
  const SupervisedDomain domain(scratch, {shell_unit(scratch, "steady", "exec sleep 1000")});
  for (const char* line : {"nonsense", "[]", "{}", R"({"do":"explode","unit":"steady"})",
                           R"({"do":"want","group":"steady","count":"many"})"}) {
    const std::string answer = shell(std::string("printf '%s\\n' '") + line +
                                     "' | python3 -c 'import socket,sys; s=socket.socket(1); "
                                     "s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read()); "
                                     "print(s.recv(4096).decode())' " +
                                     domain.socket());
    EXPECT_THAT(answer, HasSubstr("\"error\"")) << line;
  }
  EXPECT_TRUE(eventually([&] { return domain.runs("steady"); }));
}

}  // namespace
}  // namespace understudy
