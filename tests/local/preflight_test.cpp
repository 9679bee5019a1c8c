// What is refused before anything is touched.
#include "local/preflight.h"

#include <gmock/gmock.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include <filesystem>

#include "local/create.h"
#include "local/interlock.h"
#include "local/machine.h"
#include "local/stack.h"
#include "scratch.h"
#include "system/file.h"
#include "system/http_server.h"
#include "topology/json.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Preflight, a_folder_with_other_things_in_it_is_nobody_s_stack) {
  const Scratch scratch;
  const Topology topology = example_topology();
  EXPECT_EQ(why(check_ours({topology, scratch.file("missing")})), "");
  const Layout layout(topology, scratch.folder());
  EXPECT_EQ(why(check_ours(layout)), "") << "it is empty";
  ASSERT_EQ(why(file::write_durably(scratch.file("thesis.txt"), "years of work")), "");
  EXPECT_THAT(why(check_ours(layout)), HasSubstr("not empty"));
  EXPECT_THAT(why(down(layout, true, [](const std::string&) {})), HasSubstr("not empty"));
  EXPECT_EQ(text_of(scratch.file("thesis.txt")), "years of work");
  ASSERT_EQ(why(mark_ours(layout)), "");
  EXPECT_EQ(why(check_ours(layout)), "");
}

TEST(Preflight, a_folder_holds_one_platform_with_one_set_of_regions) {
  const Scratch scratch;
  const Topology topology = example_topology();
  ASSERT_EQ(why(file::write_durably(scratch.file("topology.json"), to_json(topology))), "");
  ASSERT_EQ(why(file::write_durably(scratch.file("created"), "")), "");
  EXPECT_EQ(why(check_same_stack({topology, scratch.folder()})), "");
  Topology renamed = topology;
  renamed.platform = "circus";
  EXPECT_THAT(why(check_same_stack({renamed, scratch.folder()})), HasSubstr("platform boxoffice"));
  Topology moved = topology;
  moved.regions[1].name = "west";
  EXPECT_THAT(why(check_same_stack({moved, scratch.folder()})), HasSubstr("other regions"));
  Topology reported = topology;
  reported.local.port_base += 2000;
  EXPECT_EQ(why(check_same_stack({reported, scratch.folder()})), "") << "nothing of it runs";
}

TEST(Preflight, a_port_that_is_taken_is_named_with_who_needs_it) {
  // Below the ports that the kernel gives to other tests.
  Topology topology = example_topology();
  topology.local.port_base = 30100;
  const Layout layout(topology, "/nowhere");
  const auto taken =
      http::Server::start({.address = "127.0.1.1", .port = layout.postgres("north").port},
                          [](const auto&) { return http::Response{}; });
  ASSERT_EQ(why(taken), "");
  const std::string said = why(check_ports(layout));
  EXPECT_THAT(said, HasSubstr("PostgreSQL in north"));
  EXPECT_THAT(said, HasSubstr(layout.postgres("north").text()));
  EXPECT_THAT(said, HasSubstr("local.port_base"));
}

/// A System V segment as PostgreSQL leaves it, with its name in postmaster.pid.
class Interlock : public testing::Test {
 public:
  Interlock() {
    fs::create_directories(place_.file("postgres"));
    segment_ = shmget(IPC_PRIVATE, 56, IPC_CREAT | 0600);
    shmid_ds seen{};
    EXPECT_EQ(shmctl(segment_, IPC_STAT, &seen), 0);
    write_lock_file(static_cast<unsigned>(seen.shm_perm.__key));
  }
  ~Interlock() override { shmctl(segment_, IPC_RMID, nullptr); }
  void write_lock_file(unsigned key) {
    const std::string text = "123\n/data\n1\n5432\n\n127.0.1.1\n  " + std::to_string(key) + " " +
                             std::to_string(segment_) + "\nready\n";
    EXPECT_EQ(why(file::write_durably(place_.file("postgres/postmaster.pid"), text)), "");
  }
  [[nodiscard]] bool there() const {
    shmid_ds seen{};
    return shmctl(segment_, IPC_STAT, &seen) == 0;
  }

  const Scratch scratch_;
  const DomainPlace place_{"north", "127.0.1.1", scratch_.file("north")};
  int segment_ = -1;
};

TEST_F(Interlock, of_a_dead_server_is_removed) {
  remove_interlock(place_);
  EXPECT_FALSE(there());
}

TEST_F(Interlock, that_somebody_is_attached_to_stays) {
  void* attached = shmat(segment_, nullptr, 0);
  remove_interlock(place_);
  EXPECT_TRUE(there());
  shmdt(attached);
}

TEST_F(Interlock, whose_number_is_another_s_by_now_stays) {
  write_lock_file(4711);
  remove_interlock(place_);
  EXPECT_TRUE(there());
}

TEST_F(Interlock, is_nothing_in_a_domain_without_a_database) {
  fs::remove_all(place_.file("postgres"));
  remove_interlock(place_);
  EXPECT_TRUE(there());
}

}  // namespace
}  // namespace understudy
