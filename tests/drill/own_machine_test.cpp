// Hosts, disks and clocks that a drill makes for a stack. They take root.

#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "drill/hosts.h"
#include "drill/own_disk.h"
#include "system/http_client.h"
#include "system/http_server.h"

namespace understudy::drill {
namespace {

using namespace std::chrono_literals;

class OwnMachine : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "takes root";
  }
};

Topology two_regions() {
  Topology topology;
  topology.regions.resize(2);
  topology.regions[0].name = "north";
  topology.regions[0].address = "127.0.1.1";
  topology.regions[1].name = "south";
  topology.regions[1].address = "127.0.2.1";
  return topology;
}

TEST_F(OwnMachine, a_cut_loses_the_packets_of_one_direction_between_two_hosts) {
  const Topology topology = two_regions();
  const Layout layout(topology, "/nowhere");
  auto made = Hosts::make(layout);
  ASSERT_TRUE(made.ok()) << made.error().what;
  const Hosts& hosts = **made;
  std::unique_ptr<http::Server> server;
  {
    const auto there = hosts.visit("north");
    http::ServerOptions options;
    options.address = "127.0.1.1";
    auto started = http::Server::start(
        options, [](const http::Request&) { return http::Response{.body = "north"}; });
    ASSERT_TRUE(started.ok()) << started.error().what;
    server = std::move(*started);
  }
  const auto answers = [&](const std::string& from) {
    const auto there = hosts.visit(from);
    const http::Client client;  // a new one: a new connection
    return client
        .send("http://127.0.1.1:" + std::to_string(server->port()) + "/", {.method = "GET"}, 300ms)
        .ok();
  };
  EXPECT_TRUE(answers("south"));
  EXPECT_TRUE(answers("witness"));
  for (const auto& [from, to] : {std::pair{"south", "north"}, std::pair{"north", "south"}}) {
    ASSERT_TRUE(hosts.cut(from, to).ok());
    EXPECT_FALSE(answers("south")) << from << " to " << to;
    EXPECT_TRUE(answers("witness"));
    ASSERT_TRUE(hosts.mend(from, to).ok());
    EXPECT_TRUE(answers("south"));
  }
}

TEST_F(OwnMachine, a_disk_is_full_until_it_is_emptied_and_leaves_nothing_behind) {
  std::string folder = "/var/tmp/understudy-own-disk-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string place = folder + "/north";
  const auto writes = [&](const std::string& name) {
    std::ofstream file(place + "/" + name);
    file << std::string(65536, 'x') << std::flush;
    return file.good();
  };
  // In a thread of its own: the disk is seen by whoever made it.
  std::thread([&] {
    auto made = OwnDisk::make(place);
    ASSERT_TRUE(made.ok()) << made.error().what;
    EXPECT_TRUE(writes("before"));
    ASSERT_TRUE((*made)->fill().ok());
    EXPECT_FALSE(writes("while"));
    ASSERT_TRUE((*made)->empty().ok());
    EXPECT_TRUE(writes("after"));
  }).join();
  EXPECT_TRUE(std::filesystem::is_empty(place));
  EXPECT_EQ(std::filesystem::remove_all(folder), 2U);
}

}  // namespace
}  // namespace understudy::drill
