// `up` is killed in the middle: `down` cleans up after it, and another `up` goes on.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <set>

#include "local/units.h"
#include "place.h"
#include "system/file.h"
#include "system/process.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kBusy = 4;
constexpr auto kPatience = milliseconds(60'000);

/// PostgreSQL's shared memory that has a name.
std::set<std::string> named_memory() {
  std::set<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    if (entry.path().filename().string().starts_with("PostgreSQL.")) paths.insert(entry.path());
  }
  return paths;
}

/// What has come since `before` and stays. Servers of other tests may come and go with theirs.
std::set<std::string> left_in_memory(const std::set<std::string>& before) {
  std::set<std::string> left;
  std::ignore = eventually(
      [&] {
        left = named_memory();
        for (const std::string& path : before) left.erase(path);
        return left.empty();
      },
      milliseconds(5000));
  return left;
}

/// Starts `up` and does nothing until `there` is in the data folder; its pid.
pid_t begin_up(Place& place, const std::string& there) {
  auto words = place.words({"up"});
  words.insert(words.begin(), UNDERSTUDY_PROGRAM);
  const auto pid = process::spawn({.arguments = words,
                                   .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                                   .log_file = place.folder().file("up.log")});
  EXPECT_TRUE(pid) << pid.error().what;
  EXPECT_TRUE(eventually([&] { return file::exists(place.data() + "/" + there); }, kPatience))
      << there << " did not come: " << read_text(place.folder().file("up.log"));
  return *pid;
}

void interrupt_up(Place& place, const std::string& there) {
  const pid_t pid = begin_up(place, there);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  place.note_segments();
}

TEST(Interrupted, up_at_any_point_is_cleaned_by_down) {
  for (const char* there : {"bin/understudy.new", "north/postgres/pg_wal/000000010000000000000001",
                            "south/postgres/backup_label", "witness/supervisor.json"}) {
    SCOPED_TRACE(there);
    const auto before = named_memory();
    Place place;
    interrupt_up(place, there);
    const Said down = place.run({"down"});
    EXPECT_EQ(down.status, 0) << down.err;
    EXPECT_THAT(left_in_memory(before), IsEmpty());
    EXPECT_THAT(place.left_behind(), IsEmpty());
  }
}

TEST(Interrupted, while_one_up_is_at_work_another_and_a_down_stand_back) {
  const auto before = named_memory();
  Place place;
  const pid_t first = begin_up(place, "north/postgres/postmaster.pid");
  for (const char* command : {"up", "down"}) {
    const Said said = place.run({command});
    EXPECT_EQ(said.status, kBusy) << command;
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr("another up or down is at work"));
  }
  // Killed here, in the middle of making the databases: the next one begins them anew.
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  place.note_segments();
  const Said again = place.run({"up"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(place.serving(), "north");
  EXPECT_TRUE(place.buy("after-the-interruption"));
  place.note_segments();

  // And at the very end: supervisors killed, nobody to ask.
  for (const DomainPlace& domain : place.layout().domains())
    kill(supervisor_of(domain.folder), SIGKILL);
  const Said down = place.run({"down"});
  EXPECT_EQ(down.status, 0) << down.err;
  EXPECT_THAT(left_in_memory(before), IsEmpty());
  EXPECT_THAT(place.left_behind(), IsEmpty());
}

}  // namespace
}  // namespace understudy
