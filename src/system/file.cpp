#include "system/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace understudy::file {

namespace {

Error failed(const std::string& path, int code, After after) {
  return {after, fmt::format("{}: {}", path, std::strerror(code))};
}

bool write_all(int descriptor, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t wrote = write(descriptor, content.data() + done, content.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

/// A rename is durable once its folder is.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  const int descriptor =
      open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

Result<std::string> read(const std::string& path, std::size_t bytes_max) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(path, errno, After::unchanged_final);
  std::string content;
  char buffer[16384];
  while (true) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    const int code = errno;
    if (got <= 0) {
      close(descriptor);
      if (got == 0) return content;
      return failed(path, code, After::unchanged_final);
    }
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) {
      close(descriptor);
      return Error{After::unchanged_final,
                   fmt::format("{}: larger than {} bytes", path, bytes_max)};
    }
  }
}

Result<Done> write_durably(const std::string& path, const std::string& content, unsigned mode) {
  const std::string draft = fmt::format("{}.{}.new", path, getpid());
  const int descriptor = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) return failed(draft, errno, After::unchanged_retry);
  const bool written =
      write_all(descriptor, content) && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0;
  const int code = errno;
  close(descriptor);
  if (!written || rename(draft.c_str(), path.c_str()) != 0) {
    const Error error = failed(path, written ? errno : code, After::unchanged_retry);
    unlink(draft.c_str());
    return error;
  }
  sync_folder_of(path);
  return Done{};
}

Result<Done> make_folder(const std::string& path, unsigned mode) {
  std::error_code error;
  const std::filesystem::path target(path);
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path(), error);
  if (error) return failed(path, error.value(), After::unchanged_final);
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return failed(path, errno, After::unchanged_final);
  struct stat seen {};
  if (stat(path.c_str(), &seen) != 0) return failed(path, errno, After::unchanged_final);
  if (!S_ISDIR(seen.st_mode)) return failed(path, ENOTDIR, After::unchanged_final);
  return Done{};
}

Result<Done> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return failed(path, error.value(), After::unchanged_retry);
  return Done{};
}

void log_line(const std::string& line) { write_all(STDERR_FILENO, line + "\n"); }

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<Lock> Lock::take(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed(path, errno, After::unchanged_final);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    close(descriptor);
    if (code == EWOULDBLOCK)
      return Error{After::unchanged_retry, path + ": held by another process"};
    return failed(path, code, After::unchanged_final);
  }
  return Lock(descriptor);
}

Lock::Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
Lock& Lock::operator=(Lock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
Lock::~Lock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace understudy::file
