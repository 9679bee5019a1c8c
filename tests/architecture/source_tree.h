#pragma once
// The project's own sources, as files on the disk.

#include <string>
#include <vector>

namespace understudy::architecture {

struct SourceFile {
  std::string path;    ///< from the project's root: "src/recovery/health.cpp"
  std::string folder;  ///< whose rules it obeys: "recovery", "boxoffice", "tests" …
  std::string text;
  [[nodiscard]] bool is_code() const;    ///< C or C++
  [[nodiscard]] bool is_header() const;  ///< *.h
};

/// Everything under src/ and boxoffice/.
[[nodiscard]] const std::vector<SourceFile>& product_sources();

/// That, and tests, benches, scripts, workflows and build files.
[[nodiscard]] const std::vector<SourceFile>& all_sources();

/// One #include.
struct Include {
  std::string target;  ///< "ports/clock.h" or "boost/json.hpp"
  bool quoted = false;
  int line = 0;
};
[[nodiscard]] std::vector<Include> includes_of(const std::string& text);

}  // namespace understudy::architecture
