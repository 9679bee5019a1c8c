#include "local/data_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>

#include "local/postgres_tool.h"
#include "system/file.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

Error failed(const std::string& what) {
  return {After::unchanged_retry, what + ": " + std::strerror(errno)};
}

/// Names of a folder are durable once it is.
Result<Done> sync_folder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed(folder);
  const bool synced = fsync(descriptor) == 0;
  const int code = errno;
  close(descriptor);
  errno = code;
  if (!synced) return failed(folder);
  return Done{};
}

Result<Done> move(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return failed(from + " to " + to);
  return sync_folder(fs::path(from).parent_path());
}

/// "Latest checkpoint location:   0/17B2A80" and so on, by name.
std::map<std::string, std::string> fields_of(const std::string& text) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto begin = line.find_first_not_of(' ', colon + 1);
    fields[line.substr(0, colon)] = begin == std::string::npos ? "" : line.substr(begin);
  }
  return fields;
}

}  // namespace

bool DataFolder::is_there() const { return file::exists(path() + "/PG_VERSION"); }
bool DataFolder::is_standby() const { return file::exists(path() + "/standby.signal"); }
bool DataFolder::is_fresh_standby() const {
  return is_standby() && file::exists(path() + "/backup_label");
}
bool DataFolder::copy_is_complete() const { return file::exists(copy() + "/standby.signal"); }

Result<ControlData> DataFolder::control(milliseconds timeout) const {
  auto text = run_postgres_tool("pg_controldata", region_,
                                {programs_ + "/pg_controldata", "-D", path()}, timeout);
  if (!text) return text.error();
  auto fields = fields_of(*text);
  const std::string& state = fields["Database cluster state"];
  const auto checkpoint = parse_wal_position(fields["Latest checkpoint location"]);
  if (!checkpoint || fields["Database system identifier"].empty())
    return Error{After::unchanged_final, path() + ": its control file cannot be read"};
  const auto number = [&fields](const char* name) {
    return static_cast<std::uint64_t>(std::strtoull(fields[name].c_str(), nullptr, 10));
  };
  ControlData control{
      .system = fields["Database system identifier"],
      .clean = state.starts_with("shut down"),
      .standby = state.find("recovery") != std::string::npos && state != "in crash recovery",
      .checkpoint = *checkpoint,
      .timeline = number("Latest checkpoint's TimeLineID")};
  // A standby has replayed into this one before its first restartpoint there.
  if (control.standby)
    control.timeline = std::max(control.timeline, number("Min recovery ending loc's timeline"));
  return control;
}

Result<TimelineHistory> DataFolder::history(std::uint64_t timeline) const {
  std::string text;
  if (timeline > 1) {
    const std::string name = wal_segment_name(timeline, 0).substr(0, 8) + ".history";
    auto read = file::read(path() + "/pg_wal/" + name);
    if (!read) return read.error();
    text = std::move(*read);
  }
  auto history = parse_timeline_history(timeline, text);
  if (!history)
    return Error{After::unchanged_final, path() + ": its timeline history cannot be read"};
  return std::move(*history);
}

Result<Done> DataFolder::make_standby(const std::string& folder) const {
  std::error_code error;
  for (const auto& slot : fs::directory_iterator(folder + "/pg_replslot", error)) {
    if (auto removed = file::remove_tree(slot.path()); !removed) return removed;
  }
  return file::write_durably(folder + "/standby.signal", "");
}

Result<Done> DataFolder::begin_rewinding() const { return move(path(), rewinding()); }
Result<Done> DataFolder::end_rewinding() const { return move(rewinding(), path()); }

Result<Done> DataFolder::take_copy() const {
  const std::string old = path() + ".old";
  if (auto removed = file::remove_tree(old); !removed) return removed;
  if (!file::exists(path())) return move(copy(), path());
  const bool exchanged =
      renameat2(AT_FDCWD, copy().c_str(), AT_FDCWD, path().c_str(), RENAME_EXCHANGE) == 0;
  if (exchanged) return move(copy(), old);
  if (errno != EINVAL && errno != ENOSYS) return failed(copy());
  if (auto moved = move(path(), old); !moved) return moved;
  return move(copy(), path());
}

Result<Done> DataFolder::clear_leftovers() const {
  for (const std::string& folder : {rewinding(), copy(), path() + ".old"}) {
    if (auto removed = file::remove_tree(folder); !removed) return removed;
  }
  return Done{};
}

}  // namespace understudy
