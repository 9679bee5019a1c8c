// What nobody builds tells nothing: a test that stands in no build file passes for ever.

#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "source_tree.h"

namespace understudy::architecture {

namespace {

bool has_word(const std::string& text, const std::string& word) {
  std::string clean = text;
  for (char& c : clean) {
    if (c == '(' || c == ')' || c == '"') c = ' ';
  }
  std::istringstream words(clean);
  for (std::string each; words >> each;) {
    if (each == word) return true;
  }
  return false;
}

/// Its build files by folder, "" for the project's own.
std::map<std::string, std::string> build_files() {
  std::map<std::string, std::string> files;
  for (const SourceFile& file : all_sources()) {
    const auto slash = file.path.rfind('/');
    if (file.path.substr(slash + 1) == "CMakeLists.txt")
      files[file.path.substr(0, slash)] = file.text;
  }
  return files;
}

/// Named by the build file of its folder, or of one around it.
bool is_built(const std::string& path, const std::map<std::string, std::string>& build_files) {
  for (auto slash = path.rfind('/'); slash != std::string::npos;
       slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
    const auto around = build_files.find(path.substr(0, slash));
    if (around != build_files.end() && has_word(around->second, path.substr(slash + 1)))
      return true;
  }
  return false;
}

}  // namespace

TEST(BuildFiles, name_every_source) {
  const auto files = build_files();
  std::size_t looked_at = 0;
  for (const SourceFile& file : all_sources()) {
    if (!file.path.ends_with(".cpp") && !file.path.ends_with(".c")) continue;
    ++looked_at;
    EXPECT_TRUE(is_built(file.path, files)) << file.path << " stands in no CMakeLists.txt";
  }
  EXPECT_GT(looked_at, 400U) << "the scanner has gone blind";
}

TEST(BuildFiles, name_a_source_by_its_way_from_them) {
  const std::map<std::string, std::string> files = {{"src/a", "x(SOURCES one.cpp b/two.cpp)"}};
  EXPECT_TRUE(is_built("src/a/one.cpp", files));
  EXPECT_TRUE(is_built("src/a/b/two.cpp", files));
  EXPECT_FALSE(is_built("src/a/two.cpp", files));
  EXPECT_FALSE(is_built("src/a/ne.cpp", files));
  EXPECT_FALSE(is_built("src/b/one.cpp", files));
}

}  // namespace understudy::architecture
