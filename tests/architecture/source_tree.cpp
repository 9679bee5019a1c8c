#include "source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "base/ensure.h"

namespace understudy::architecture {

namespace fs = std::filesystem;

namespace {

bool ends_with_one_of(const std::string& path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

std::string folder_of(const std::string& path) {
  const std::string below = path.starts_with("src/") ? path.substr(4) : path;
  return below.substr(0, below.find('/'));
}

void gather(const std::string& top, std::vector<SourceFile>& into) {
  const fs::path root(UNDERSTUDY_SOURCE_DIR);
  ensure(fs::is_directory(root / top), "the source tree is where it was built from");
  for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = fs::relative(entry.path(), root).string();
    // Recorded data of others is no source of ours.
    if (ends_with_one_of(path, {".jsonl", ".txt", ".md"}) && !path.ends_with("CMakeLists.txt"))
      continue;
    std::ifstream file(entry.path());
    into.push_back({path, folder_of(path), std::string(std::istreambuf_iterator<char>(file), {})});
  }
}

std::vector<SourceFile> gathered(std::initializer_list<const char*> tops) {
  std::vector<SourceFile> files;
  for (const char* top : tops) gather(top, files);
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace

bool SourceFile::is_code() const { return ends_with_one_of(path, {".h", ".cpp", ".c", ".cpp.in"}); }
bool SourceFile::is_header() const { return path.ends_with(".h"); }

const std::vector<SourceFile>& product_sources() {
  static const std::vector<SourceFile> files = gathered({"src", "boxoffice"});
  return files;
}

const std::vector<SourceFile>& all_sources() {
  static const std::vector<SourceFile> files =
      gathered({"src", "boxoffice", "tests", "bench", "scripts", "workflows", "cmake", "examples"});
  return files;
}

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude))
      includes.push_back({match[2], match[1] == "\"", number});
  }
  return includes;
}

}  // namespace understudy::architecture
