// What a stack's folder gets from outside, and whose it is.

#include "local/deploy.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const User kNobody{"nobody", 65534, 65534};

uid_t owner_of(const std::string& path) {
  struct stat seen {};
  EXPECT_EQ(lstat(path.c_str(), &seen), 0) << path;
  return seen.st_uid;
}

void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  ASSERT_EQ(why(file::write_durably(path, text, 0755)), "");
}

class Deploy : public testing::Test {
 protected:
  Deploy() {
    for (const char* name : {"understudy", "understudy-agent", "understudy_fence.so"})
      put(scratch_.file(std::string("built/") + name), std::string("this is ") + name);
    put(scratch_.file("service/web"), "first");
    topology_ = example_topology();
    topology_.directory = scratch_.file("service");
    topology_.database.schema_file.reset();
    Service web{.name = "web", .command = {"./web"}};
    Service worker{.name = "worker", .command = {"./web", "--worker"}};
    topology_.services = {web, worker};
  }
  [[nodiscard]] Layout layout() const { return {topology_, scratch_.file("stack")}; }
  [[nodiscard]] std::string deploy() const {
    auto deployment = Deployment::open(layout(), scratch_.file("built/understudy"));
    return deployment ? why(deployment->write()) : deployment.error().what;
  }

  Scratch scratch_;
  Topology topology_;
};

class DeployAsRoot : public Deploy {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "takes root";
  }
};

}  // namespace

TEST_F(Deploy, replaces_programs_as_a_whole_so_that_what_runs_keeps_its_own) {
  ASSERT_EQ(deploy(), "");
  EXPECT_EQ(text_of(scratch_.file("stack/bin/understudy-agent")), "this is understudy-agent");
  std::vector<std::string> webs;
  for (const auto& entry : fs::recursive_directory_iterator(scratch_.file("stack"))) {
    if (entry.is_regular_file() && text_of(entry.path()) == "first") webs.push_back(entry.path());
  }
  ASSERT_EQ(webs.size(), 4U) << "two services in two regions";
  const std::string running = scratch_.file("running");
  fs::create_hard_link(webs[0], running);
  put(scratch_.file("service/web"), "second");
  ASSERT_EQ(deploy(), "");
  for (const std::string& web : webs) {
    EXPECT_EQ(text_of(web), "second");
    EXPECT_EQ(mode_of(web), 0755U);
  }
  EXPECT_EQ(text_of(running), "first");
}

TEST_F(Deploy, names_the_program_that_is_missing) {
  fs::remove(scratch_.file("service/web"));
  EXPECT_THAT(deploy(), HasSubstr("service/web"));
  EXPECT_FALSE(fs::exists(scratch_.file("stack"))) << "nothing was written";
}

TEST_F(Deploy, writes_into_no_file_that_a_link_leads_to) {
  put(scratch_.file("thesis"), "years of work");
  fs::create_directories(scratch_.file("stack/bin"));
  fs::create_symlink(scratch_.file("thesis"), scratch_.file("stack/bin/understudy.new"));
  fs::create_symlink(scratch_.file("thesis"), scratch_.file("stack/bin/understudy"));
  ASSERT_EQ(deploy(), "");
  EXPECT_EQ(text_of(scratch_.file("thesis")), "years of work");
  EXPECT_FALSE(fs::is_symlink(scratch_.file("stack/bin/understudy")));
}

TEST_F(DeployAsRoot, gives_a_folder_of_its_own_away_whole_but_for_what_links_lead_to) {
  put(scratch_.file("thesis"), "years of work");
  put(scratch_.file("stack/north/data"), "");
  fs::create_symlink(scratch_.file("thesis"), scratch_.file("stack/north/link"));
  ASSERT_EQ(why(give_folder(scratch_.file("stack"), kNobody)), "");
  EXPECT_EQ(owner_of(scratch_.file("stack")), kNobody.uid);
  EXPECT_EQ(owner_of(scratch_.file("stack/north/data")), kNobody.uid);
  EXPECT_EQ(owner_of(scratch_.file("stack/north/link")), kNobody.uid);
  EXPECT_EQ(owner_of(scratch_.file("thesis")), 0U);
  EXPECT_EQ(why(give_folder(scratch_.file("made"), kNobody)), "");
  EXPECT_EQ(owner_of(scratch_.file("made")), kNobody.uid);
}

TEST_F(DeployAsRoot, looks_at_nothing_below_a_folder_that_is_the_users_already) {
  put(scratch_.file("stack/passwd"), "");
  ASSERT_EQ(chown(scratch_.file("stack").c_str(), kNobody.uid, kNobody.gid), 0);
  ASSERT_EQ(why(give_folder(scratch_.file("stack"), kNobody)), "");
  EXPECT_EQ(owner_of(scratch_.file("stack/passwd")), 0U);
}

TEST_F(DeployAsRoot, takes_no_folder_from_another_user) {
  fs::create_directories(scratch_.file("stack"));
  ASSERT_EQ(chown(scratch_.file("stack").c_str(), 1, 1), 0);
  EXPECT_THAT(why(give_folder(scratch_.file("stack"), kNobody)), HasSubstr("belongs to user 1"));
  EXPECT_EQ(owner_of(scratch_.file("stack")), 1U);
}

}  // namespace understudy
