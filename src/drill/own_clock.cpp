#include "drill/own_clock.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "local/units.h"
#include "system/file.h"

namespace understudy::drill {

namespace {

constexpr const char* kFolders[] = {"/usr/lib/x86_64-linux-gnu/faketime",
                                    "/usr/lib/aarch64-linux-gnu/faketime"};

std::string library() {
  for (const char* folder : kFolders) {
    std::string path = std::string(folder) + "/libfaketimeMT.so.1";
    if (file::exists(path)) return path;
  }
  return "";
}

/// The process whose shared memory or semaphore a file of /dev/shm is, by libfaketime's names.
std::optional<pid_t> faked_process(const std::string& name) {
  const auto number = name.find_last_of('_') + 1;
  if (name.find("faketime_") == std::string::npos || number == name.size()) return std::nullopt;
  pid_t pid = 0;
  const auto [end, problem] = std::from_chars(name.data() + number, name.data() + name.size(), pid);
  if (problem != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

}  // namespace

/// Processes that are killed leave libfaketime's shared memory behind.
OwnClock::~OwnClock() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    const auto pid = faked_process(entry.path().filename());
    struct stat is {};
    const bool left = pid && kill(*pid, 0) != 0 && errno == ESRCH;
    if (left && stat(entry.path().c_str(), &is) == 0 && is.st_uid == owner_)
      std::filesystem::remove(entry.path(), ignored);
  }
}

Result<std::unique_ptr<OwnClock>> OwnClock::make(const DomainPlace& place) {
  const std::string preloaded = library();
  if (preloaded.empty()) {
    return Error{After::unchanged_final, std::string("libfaketimeMT.so.1 is not in ") +
                                             kFolders[0] + ": apt-get install libfaketime"};
  }
  const std::string path = place.file("units.json");
  struct stat owner {};
  if (stat(path.c_str(), &owner) != 0)
    return Error{After::unchanged_final, path + ": " + std::strerror(errno)};
  auto clock = std::unique_ptr<OwnClock>(new OwnClock(place.file("clock"), owner.st_uid));
  if (auto set = clock->set_ahead(std::chrono::seconds(0)); !set) return set.error();
  auto units = load_units(path);
  if (!units) return units.error();
  for (Unit& unit : *units) {
    unit.environment["LD_PRELOAD"] = preloaded;
    unit.environment["FAKETIME_TIMESTAMP_FILE"] = clock->file_;
    unit.environment["FAKETIME_CACHE_DURATION"] = "1";  // seconds
    unit.environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
    unit.environment["NO_FAKE_STAT"] = "1";
  }
  if (auto saved = save_units(*units, path); !saved) return saved.error();
  if (chown(path.c_str(), owner.st_uid, owner.st_gid) != 0)
    return Error{After::unchanged_final, path + ": " + std::strerror(errno)};
  return clock;
}

Result<Done> OwnClock::set_ahead(std::chrono::seconds by) const {
  return file::write_durably(file_, fmt::format("{:+}s\n", by.count()), 0644);
}

}  // namespace understudy::drill
