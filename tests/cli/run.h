#pragma once
// The program, run as a person would.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace understudy {

struct Said {
  int status = -1;  ///< exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// Runs `PROGRAM WORDS...` to its end. `environment`: beside PATH and HOME.
[[nodiscard]] Said run_program(const std::string& program, const std::vector<std::string>& words,
                               const std::map<std::string, std::string>& environment = {},
                               const std::string& directory = "/");

/// Runs `understudy WORDS...`.
[[nodiscard]] Said run_understudy(const std::vector<std::string>& words,
                                  const std::map<std::string, std::string>& environment = {},
                                  const std::string& directory = "/");

/// Exactly one line: a text and its end.
[[nodiscard]] bool is_one_line(const std::string& text);

/// Looks until it holds; false when `limit` came first.
[[nodiscard]] bool eventually(const std::function<bool()>& holds, milliseconds limit);

/// A folder that others may pass through, made by mkdtemp(3) from "PATTERN-XXXXXX" and removed at
/// the end.
class Folder {
 public:
  explicit Folder(std::string pattern = "/var/tmp/understudy-cli");
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_text(const std::string& path, const std::string& text);
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace understudy
