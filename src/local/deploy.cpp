#include "local/deploy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "local/preflight.h"
#include "local/units.h"
#include "system/file.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPiece = 1 << 20;

Error failed(const std::string& what, int code, After after = After::unchanged_retry) {
  return {after, what + ": " + std::generic_category().message(code)};
}

/// From its beginning, wherever it was read to.
bool copy_all(int from, int to) {
  std::vector<char> piece(kPiece);
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(from, piece.data(), piece.size(), at)) != 0; at += got) {
    if (got < 0) return false;
    for (ssize_t written = 0; written < got;) {
      const ssize_t more =
          write(to, piece.data() + written, static_cast<std::size_t>(got - written));
      if (more < 0) return false;
      written += more;
    }
  }
  return true;
}

/// A program in a file of its own.
Result<Done> write_program(int from, const std::string& to) {
  const int descriptor =
      open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0755);
  if (descriptor < 0) return failed(to, errno);
  const bool copied = copy_all(from, descriptor) && fchmod(descriptor, 0755) == 0;
  const int code = errno;
  close(descriptor);
  if (!copied) return failed(to, code);
  return Done{};
}

/// Replaces a program as a whole. `same`: where it stands already, so that another name for it will
/// do; "": nowhere.
Result<Done> place_program(int from, const std::string& to, const std::string& same) {
  if (auto made = file::make_folder(fs::path(to).parent_path(), 0755); !made) return made;
  const std::string draft = to + ".new";
  std::error_code code;
  fs::remove(draft, code);
  std::error_code not_linked = std::make_error_code(std::errc::no_link);
  if (!same.empty()) fs::create_hard_link(same, draft, not_linked);
  if (not_linked) {
    if (auto written = write_program(from, draft); !written) {
      fs::remove(draft, code);
      return written;
    }
  }
  fs::rename(draft, to, code);
  if (code) return failed(to, code.value());
  return Done{};
}

}  // namespace

Deployment::~Deployment() {
  for (const Program& program : programs_) close(program.descriptor);
}

Result<Done> Deployment::add(const std::string& from, std::vector<std::string> to) {
  const int descriptor = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(from, errno, After::unchanged_final);
  programs_.push_back({descriptor, from, std::move(to)});
  return Done{};
}

Result<Deployment> Deployment::open(const Layout& layout, const std::string& own_program) {
  Deployment deployment;
  const fs::path beside = fs::path(own_program).parent_path();
  for (const auto& [from, to] :
       {std::pair{own_program, "understudy"},
        std::pair{(beside / "understudy-agent").string(), "understudy-agent"},
        std::pair{(beside / "understudy_fence.so").string(), "understudy_fence.so"}}) {
    auto added = deployment.add(from, {layout.file(std::string("bin/") + to)});
    if (!added) return added.error();
  }
  for (const Region& region : layout.topology().regions) {
    std::map<std::string, std::vector<std::string>> names;  // by the program; one in PATH has none
    for (const Service& service : layout.topology().services) {
      if (const auto program = program_file(layout.topology(), service))
        names[*program].push_back(deployed_program(layout, region.name, service));
    }
    for (auto& [program, to] : names) {
      if (auto added = deployment.add(program, std::move(to)); !added) return added.error();
    }
  }
  if (const auto schema = schema_file(layout.topology())) {
    auto text = file::read(*schema);
    if (!text) return within("database.schema_file", text.error());
    deployment.schema_ = std::move(*text);
    deployment.schema_file_ = layout.file("schema.sql");
  }
  return deployment;
}

Result<Done> Deployment::write() const {
  for (const Program& program : programs_) {
    for (const std::string& to : program.to) {
      const std::string same = &to == &program.to.front() ? "" : program.to.front();
      auto placed = place_program(program.descriptor, to, same);
      if (!placed) return within(program.from, placed.error());
    }
  }
  if (!schema_) return Done{};
  return file::write_durably(schema_file_, *schema_);
}

Result<Done> give_folder(const std::string& folder, const User& user) {
  // Others may pass through to what they were given, and read nothing.
  if (auto made = file::make_folder(folder, 0711); !made) return made;
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return failed(folder, errno, After::unchanged_final);
  struct stat seen {};
  const bool looked = fstat(descriptor, &seen) == 0;
  close(descriptor);
  if (!looked) return failed(folder, errno, After::unchanged_final);
  if (seen.st_uid == user.uid) return Done{};
  if (seen.st_uid != 0) {
    return Error{After::unchanged_final,
                 fmt::format("{} belongs to user {}, and local.run_as is {}: give it to that one "
                             "(chown -R), or name a new folder",
                             folder, seen.st_uid, user.name)};
  }
  // What is root's alone to change, and from its leaves up: whatever is given away is looked at no
  // more.
  std::vector<std::string> all = {folder};
  std::error_code code;
  for (auto at = fs::recursive_directory_iterator(folder, code);
       !code && at != fs::recursive_directory_iterator(); at.increment(code)) {
    struct stat entry {};
    if (lstat(at->path().c_str(), &entry) != 0 || entry.st_uid != 0) at.disable_recursion_pending();
    all.push_back(at->path());
  }
  if (code) return failed(folder, code.value(), After::unchanged_final);
  for (auto path = all.rbegin(); path != all.rend(); ++path) {
    if (lchown(path->c_str(), user.uid, user.gid) != 0)
      return failed(*path, errno, After::unchanged_final);
  }
  return Done{};
}

}  // namespace understudy
