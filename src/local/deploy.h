#pragma once
// What a stack's folder gets from outside, and whose the folder is.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "local/layout.h"
#include "local/machine.h"

namespace understudy {

/// Programs and schema of a stack, held open from when this was made: who may read them need not be
/// who writes them. Root writes nothing into a folder that belongs to another, who could lead it
/// anywhere by a link.
class Deployment {
 public:
  /// Error, unchanged_final: one of them cannot be read.
  [[nodiscard]] static Result<Deployment> open(const Layout& layout,
                                               const std::string& own_program);
  Deployment(Deployment&&) noexcept = default;
  Deployment& operator=(Deployment&&) noexcept = default;
  ~Deployment();

  /// Into the stack's folder, each replaced as a whole: what runs keeps its old file. By the
  /// folder's owner. Error, unchanged_retry: there is no room.
  [[nodiscard]] Result<Done> write() const;

 private:
  struct Program {
    int descriptor;
    std::string from;
    /// Other names for the first one, where that can be.
    std::vector<std::string> to;
  };
  Deployment() = default;
  [[nodiscard]] Result<Done> add(const std::string& from, std::vector<std::string> to);

  std::vector<Program> programs_;
  std::optional<std::string> schema_;
  std::string schema_file_;
};

/// As root: makes the stack's folder if need be, and gives it to `user` with all that is in it. One
/// that is the user's already stays as it is. Error, unchanged_final: it belongs to somebody else.
[[nodiscard]] Result<Done> give_folder(const std::string& folder, const User& user);

}  // namespace understudy
