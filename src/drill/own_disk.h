#pragma once
// A small disk of its own for a folder, so that it can really be full.

#include <memory>
#include <string>

#include "base/result.h"

namespace understudy::drill {

/// An ext4 file system in a file beside the folder, mounted on it through a loop device; seen by
/// this thread, and by what it starts from now on, and by nobody else (mount_namespaces(7)).
/// Unmounted and removed by the destructor. One thread.
class OwnDisk {
 public:
  /// Makes the folder. Error, unchanged_final: this needs root, mkfs.ext4 and mount.
  [[nodiscard]] static Result<std::unique_ptr<OwnDisk>> make(const std::string& folder);
  ~OwnDisk();
  OwnDisk(const OwnDisk&) = delete;
  OwnDisk& operator=(const OwnDisk&) = delete;

  /// Takes all the room that is left.
  [[nodiscard]] Result<Done> fill() const;
  /// Gives it back.
  [[nodiscard]] Result<Done> empty() const;

 private:
  OwnDisk(std::string folder, std::string image)
      : folder_(std::move(folder)), image_(std::move(image)) {}

  const std::string folder_;
  const std::string image_;
};

}  // namespace understudy::drill
