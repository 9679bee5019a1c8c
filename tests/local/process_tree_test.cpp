// A failure domain is taken as a whole, however its members try to leave it.
#include "system/process_tree.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "domain.h"

namespace understudy {
namespace {

constexpr auto kPatience = milliseconds(10'000);

char state_of(pid_t pid) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
  const auto end = text.rfind(')');
  return end == std::string::npos ? '-' : text[end + 2];
}

/// A domain with members that leave their session, their parent and their folder, in every
/// combination, and one that never stops forking.
class Tree : public testing::Test {
 public:
  Tree() {
    const std::string list = scratch_.file("pids");
    domain_ = std::make_unique<SupervisedDomain>(
        scratch_,
        std::vector<Unit>{
            shell_unit(scratch_, "escapers",
                       "say() { echo $! >> " + list +
                           "; }; setsid sleep 1000 & say; (sleep 1000 & say); "
                           "(cd /; setsid sleep 1000 & say); "
                           "(cd /; setsid sh -c '(sleep 1000 & echo $! >> " +
                           list + ")' ); exec sleep 1000"),
            shell_unit(scratch_, "forker", "cd /; while :; do sleep 1000 & sleep 0.02; done")});
    EXPECT_TRUE(eventually([&] { return lines_of(list).size() == 4; }));
    for (const auto& line : lines_of(list)) escaped_.push_back(*process::identify(std::stoi(line)));
    whole_ = {.supervisor = domain_->pid(), .directory = scratch_.folder()};
  }
  ~Tree() override {
    if (domain_->pid() != 0) {
      std::ignore = process::kill_all(whole_, kPatience);
      domain_->kill_it();
    }
  }

  const Scratch scratch_;
  std::unique_ptr<SupervisedDomain> domain_;
  std::vector<process::Identity> escaped_;
  process::Domain whole_;
};

TEST_F(Tree, is_seen_with_all_that_tried_to_leave) {
  const auto members = process::members(whole_);
  for (const auto& who : escaped_) EXPECT_THAT(members, testing::Contains(who));
  EXPECT_THAT(members, testing::Contains(*process::identify(domain_->pid())));
  EXPECT_THAT(members, testing::Not(testing::Contains(*process::identify(getpid()))));
}

TEST_F(Tree, is_killed_to_the_last_while_it_forks) {
  const auto killed = process::kill_all(whole_, kPatience);
  ASSERT_EQ(why(killed), "");
  for (const auto& who : escaped_) {
    EXPECT_THAT(*killed, testing::Contains(who));
    EXPECT_FALSE(process::alive(who));
  }
  EXPECT_TRUE(process::members(whole_).empty());
  for (const auto& who : *killed) EXPECT_FALSE(process::alive(who)) << who.pid;
  domain_->kill_it();  // buries the zombie
}

TEST_F(Tree, is_frozen_whole_and_thaws_whole) {
  const auto frozen = process::freeze(whole_, kPatience);
  ASSERT_EQ(why(frozen), "");
  for (const auto& who : escaped_) EXPECT_THAT(*frozen, testing::Contains(who));
  const auto now = process::members(whole_);
  EXPECT_EQ(now.size(), frozen->size()) << "a frozen tree does not grow";
  // 'D': a shell whose child was stopped between vfork and exec.
  for (const auto& who : now) EXPECT_THAT(state_of(who.pid), testing::AnyOf('T', 'D')) << who.pid;
  process::thaw(*frozen);
  EXPECT_TRUE(eventually([&] {
    return std::none_of(frozen->begin(), frozen->end(),
                        [](const auto& who) { return state_of(who.pid) == 'T'; });
  }));
}

TEST(Members, that_wait_for_a_stopped_child_to_get_its_program_are_frozen) {
  const Scratch scratch;
  const pid_t parent = fork();
  if (parent == 0) {
    if (chdir(scratch.folder().c_str()) != 0) _exit(1);
    const pid_t child = vfork();
    if (child == 0) {
      raise(SIGSTOP);
      _exit(0);
    }
    int status = 0;
    _exit(waitpid(child, &status, 0) == child ? 0 : 1);
  }
  const process::Domain domain{.supervisor = 0, .directory = scratch.folder()};
  EXPECT_TRUE(eventually([&] {
    const auto members = process::members(domain);
    return std::any_of(members.begin(), members.end(),
                       [](const auto& who) { return state_of(who.pid) == 'T'; });
  }));
  const auto frozen = process::freeze(domain, kPatience);
  EXPECT_EQ(why(frozen), "");
  process::thaw(frozen ? *frozen : process::members(domain));
  int status = -1;
  EXPECT_EQ(waitpid(parent, &status, 0), parent);
  EXPECT_EQ(status, 0) << "thawed, both go on";
}

TEST(Members, are_known_by_their_folder_when_nobody_supervises_them) {
  const Scratch scratch;
  const auto pid =
      process::spawn({.arguments = {"/bin/sleep", "1000"}, .directory = scratch.folder()});
  ASSERT_EQ(why(pid), "");
  const process::Domain below{.supervisor = 0, .directory = scratch.folder()};
  const process::Domain beside{.supervisor = 0, .directory = scratch.folder() + "-beside"};
  const process::Domain prefix{
      .supervisor = 0, .directory = scratch.folder().substr(0, scratch.folder().size() - 1)};
  EXPECT_EQ(process::members(below).size(), 1U);
  EXPECT_TRUE(process::members(beside).empty());
  EXPECT_TRUE(process::members(prefix).empty()) << "a name that only begins alike is no parent";
  const auto killed = process::kill_all(below, kPatience);
  EXPECT_EQ(why(killed), "");
  waitpid(*pid, nullptr, 0);
}

TEST(Members, are_neither_we_nor_those_who_started_us) {
  const Scratch scratch;
  char before[PATH_MAX];
  ASSERT_NE(getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(chdir(scratch.folder().c_str()), 0);
  const process::Domain here{.supervisor = 0, .directory = scratch.folder()};
  EXPECT_TRUE(process::members(here).empty());
  const pid_t child = fork();
  if (child == 0) {
    // This one's parent, the test, works in the folder as well: the operator's shell.
    const bool spared = process::members(here).empty();
    _exit(spared ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ASSERT_EQ(chdir(before), 0);
}

}  // namespace
}  // namespace understudy
