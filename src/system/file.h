#pragma once
// Small files, read and written whole.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace understudy::file {

/// The whole content. Error, unchanged_final: why it cannot be read, or that it is larger than
/// `bytes_max`.
[[nodiscard]] Result<std::string> read(const std::string& path, std::size_t bytes_max = 16 << 20);

/// Replaces a file as a whole: it is durable, and readers see the old or the new content, never a
/// mix. Error: unchanged_retry (no room, for instance); the old content is still there.
[[nodiscard]] Result<Done> write_durably(const std::string& path, const std::string& content,
                                         unsigned mode = 0600);

/// Creates a folder and its parents. Error, unchanged_final.
[[nodiscard]] Result<Done> make_folder(const std::string& path, unsigned mode = 0700);

/// Removes a folder with all below it. A missing one is fine.
[[nodiscard]] Result<Done> remove_tree(const std::string& path);

[[nodiscard]] bool exists(const std::string& path);

/// One line to standard error. Unlike fmt::print, which throws, it is lost if the log's disk is
/// full: a process that must go on then, must.
void log_line(const std::string& line);

/// An exclusive lock on a file, held until the object or the process is gone.
class Lock {
 public:
  /// Creates the file if need be. Error, unchanged_retry: somebody else holds it.
  [[nodiscard]] static Result<Lock> take(const std::string& path);
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  ~Lock();

 private:
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace understudy::file
