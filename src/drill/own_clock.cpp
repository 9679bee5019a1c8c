#include "drill/own_clock.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

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

}  // namespace

Result<std::unique_ptr<OwnClock>> OwnClock::make(const DomainPlace& place) {
  const std::string preloaded = library();
  if (preloaded.empty()) {
    return Error{After::unchanged_final, std::string("libfaketimeMT.so.1 is not in ") +
                                             kFolders[0] + ": apt-get install libfaketime"};
  }
  auto clock = std::unique_ptr<OwnClock>(new OwnClock(place.file("clock")));
  if (auto set = clock->set_ahead(std::chrono::seconds(0)); !set) return set.error();
  const std::string path = place.file("units.json");
  struct stat owner {};
  if (stat(path.c_str(), &owner) != 0)
    return Error{After::unchanged_final, path + ": " + std::strerror(errno)};
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
