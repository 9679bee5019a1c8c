#include "drill/own_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "system/file.h"
#include "system/process.h"

namespace understudy::drill {

namespace fs = std::filesystem;

namespace {

constexpr off_t kSize = off_t{1} << 30;
constexpr const char* kFiller = "/drill.filler";

Error failed(const std::string& what) {
  return {After::unchanged_final, what + ": " + std::strerror(errno)};
}

Result<Done> run(std::vector<std::string> arguments) {
  const std::string program = arguments[0];
  auto done = process::run(
      {.arguments = std::move(arguments),
       .environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}}},
      std::chrono::seconds(20));
  if (!done) return done.error();
  if (done->status == 0) return Done{};
  return Error{After::unchanged_final, program + ": " + done->output};
}

}  // namespace

Result<std::unique_ptr<OwnDisk>> OwnDisk::make(const std::string& folder) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed("no mount namespace can be made");
  if (auto made = file::make_folder(folder, 0700); !made) return made.error();
  auto disk = std::unique_ptr<OwnDisk>(new OwnDisk(folder, folder + ".disk"));
  const int image = open(disk->image_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool sized = image >= 0 && ftruncate(image, kSize) == 0;
  if (!sized) return failed(disk->image_);
  close(image);
  // Without blocks reserved for root: full is full.
  if (auto made = run({"mkfs.ext4", "-q", "-m", "0", disk->image_}); !made) return made.error();
  if (auto mounted = run({"mount", "-o", "loop", disk->image_, folder}); !mounted)
    return mounted.error();
  return disk;
}

OwnDisk::~OwnDisk() {
  (void)umount2(folder_.c_str(), MNT_DETACH);
  std::error_code code;
  fs::remove(image_, code);
}

Result<Done> OwnDisk::fill() const {
  const int filler = open((folder_ + kFiller).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (filler < 0) return failed(folder_ + kFiller);
  off_t end = 0;
  for (off_t step = kSize / 2; step >= 4096; step /= 2) {
    while (posix_fallocate(filler, end, step) == 0) end += step;
  }
  close(filler);
  return Done{};
}

Result<Done> OwnDisk::empty() const {
  std::error_code code;
  fs::remove(folder_ + kFiller, code);
  if (code) return Error{After::unchanged_retry, folder_ + kFiller + ": " + code.message()};
  return Done{};
}

}  // namespace understudy::drill
