#include "local/drill_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>

#include "local/digest.h"
#include "system/file.h"
#include "topology/json.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::size_t kNewest = 1000;
constexpr std::size_t kBytesMax = 64 << 20;

json::value or_null(const std::optional<std::int64_t>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

std::optional<std::int64_t> number_or_none(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return value.to_number<std::int64_t>();
}

std::optional<PastDrill> drill_from(const std::string& line) {
  try {
    const json::object object = json::parse(line).as_object();
    const auto at = parse_wall(json::value_to<std::string>(object.at("at")));
    if (!at) return std::nullopt;
    return PastDrill{.at = *at,
                     .fault = json::value_to<std::string>(object.at("fault")),
                     .passed = object.at("passed").as_bool(),
                     .rto_ms = number_or_none(object.at("rto_ms")),
                     .rto_full_ms = number_or_none(object.at("rto_full_ms")),
                     .platform_digest = json::value_to<std::string>(object.at("platform"))};
  } catch (const std::exception&) {
    return std::nullopt;  // torn by a crash, or of a later version
  }
}

Error failed(const std::string& path) {
  return {After::unchanged_retry, path + ": " + std::strerror(errno)};
}

}  // namespace

std::string drill_log_file(const std::string& data) { return data + ".drills.jsonl"; }

std::string platform_digest(const Topology& topology) {
  json::object all = json::parse(to_json(topology)).as_object();
  for (const char* elsewhere : {"local", "alerts", "objectives", "directory"}) all.erase(elsewhere);
  return digest(json::serialize(all));
}

Result<Done> append_drill(const std::string& path, const PastDrill& drill) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty() && !file::exists(folder)) {
    if (auto made = file::make_folder(folder, 0755); !made) return made;
  }
  const std::string line = json::serialize(json::object{{"at", format_wall(drill.at)},
                                                        {"fault", drill.fault},
                                                        {"passed", drill.passed},
                                                        {"rto_ms", or_null(drill.rto_ms)},
                                                        {"rto_full_ms", or_null(drill.rto_full_ms)},
                                                        {"platform", drill.platform_digest}}) +
                           "\n";
  const int descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return failed(path);
  const bool written =
      write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      fsync(descriptor) == 0;
  const Error why = failed(path);
  close(descriptor);
  return written ? Result<Done>(Done{}) : why;
}

Result<std::vector<PastDrill>> DrillLog::past() {
  if (!file::exists(file_)) return std::vector<PastDrill>{};
  auto text = file::read(file_, kBytesMax);
  if (!text) return text.error();
  std::vector<PastDrill> drills;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (auto drill = drill_from(line)) drills.push_back(std::move(*drill));
  }
  if (drills.size() > kNewest)
    drills.erase(drills.begin(), drills.end() - static_cast<std::ptrdiff_t>(kNewest));
  return drills;
}

}  // namespace understudy
