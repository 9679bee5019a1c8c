// No room: `up` says which file, and a running stack loses nothing and goes on when there is room
// again. In a mount namespace of this process, so that the kernel takes the small disk away however
// the test ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "place.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kMachine = 3;
constexpr auto kPatience = milliseconds(90'000);

/// A tmpfs of so many MiB.
class SmallDisk {
 public:
  explicit SmallDisk(int mib) {
    const std::string options = "mode=0755,size=" + std::to_string(mib) + "m";
    EXPECT_EQ(mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()), 0);
  }
  ~SmallDisk() { umount2(folder_.path().c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  /// Takes all the room that is left, again and again, until a byte more is refused.
  void fill() const {
    const int ballast =
        open(file("ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (write(ballast, block.data(), block.size()) > 0) {
    }
    close(ballast);
  }
  void make_room() const { fs::remove(file("ballast")); }

 private:
  const Folder folder_;
};

class DiskFull : public testing::Test {
 public:
  static void SetUpTestSuite() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      why_not_ = std::string("this user may not mount a small disk: ") + std::strerror(errno);
    }
  }
  void SetUp() override {
    if (!why_not_.empty()) GTEST_SKIP() << why_not_;
  }
  static std::string why_not_;
};
std::string DiskFull::why_not_;

TEST_F(DiskFull, fails_up_with_one_line_that_names_the_file_and_down_cleans) {
  // While programs are deployed, while the database is made, while it is copied.
  for (const int mib : {10, 80, 100, 125}) {
    SCOPED_TRACE(std::to_string(mib) + " MiB");
    const SmallDisk disk(mib);
    Place place(disk.file("stack"));
    const Said up = place.run({"up"});
    EXPECT_EQ(up.status, kMachine) << up.err;
    EXPECT_TRUE(is_one_line(up.err)) << up.err;
    EXPECT_THAT(up.err, testing::ContainsRegex("No space left on device|Check free disk space"));
    EXPECT_THAT(up.err, HasSubstr(disk.file("stack"))) << "where";
    EXPECT_THAT(up.err, testing::ContainsRegex("/bin/|\"[a-z_]+/|\\.[a-z]+:")) << "which file";
    place.note_segments();
    const Said down = place.run({"down"});
    EXPECT_EQ(down.status, 0) << down.err;
    EXPECT_THAT(place.left_behind(), IsEmpty());
  }
}

TEST_F(DiskFull, loses_nothing_of_a_running_stack_that_goes_on_once_there_is_room) {
  const SmallDisk disk(400);
  Place place(disk.file("stack"));
  const Said up = place.run({"up"});
  ASSERT_EQ(up.status, 0) << up.err;
  std::vector<std::string> acknowledged;
  const auto try_to_buy = [&](const std::string& key) {
    const auto sold = place.buy(key);
    if (sold) acknowledged.push_back(key);
    return sold;
  };
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(try_to_buy("before-" + std::to_string(i)));
  const auto before = place.record();
  ASSERT_TRUE(before);
  int n = 0;
  // Long enough for the registry to be unable to store a renewal: then nothing is acknowledged.
  EXPECT_TRUE(eventually(
      [&] {
        disk.fill();
        return !try_to_buy("full-" + std::to_string(n++));
      },
      kPatience));
  disk.make_room();
  EXPECT_TRUE(eventually([&] { return try_to_buy("room-" + std::to_string(n++)); }, kPatience))
      << place.run({"status"}).out;
  for (const std::string& key : acknowledged)
    EXPECT_TRUE(eventually([&] { return place.bought(key); }, milliseconds(5000))) << key;
  // The registry ended when it could not know what it had stored, and comes back by itself.
  std::optional<Record> after;
  ASSERT_TRUE(eventually([&] { return (after = place.record()).has_value(); }, kPatience))
      << place.why_no_record();
  EXPECT_GE(after->version, before->version);
  EXPECT_GE(after->epoch, before->epoch);
  RecordProperty("epochs", static_cast<int>(after->epoch - before->epoch));
  place.note_segments();
  EXPECT_EQ(place.run({"down"}).status, 0);
  EXPECT_THAT(place.left_behind(), IsEmpty());
}

}  // namespace
}  // namespace understudy
