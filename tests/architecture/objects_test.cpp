// The simulator proves the program only if both are made of the same objects.

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "source_tree.h"

namespace understudy::architecture {

namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST(Objects, are_compiled_once_for_program_simulator_and_tests_alike) {
  // "file": "…/src/recovery/health.cpp", one entry for each compilation.
  const std::string commands = text_of(UNDERSTUDY_BINARY_DIR "/compile_commands.json");
  ASSERT_FALSE(commands.empty());
  std::map<std::string, int> compiled;
  const std::regex entry(R"re("file": "[^"]*/(src/[^"]*\.cpp)")re");
  for (auto it = std::sregex_iterator(commands.begin(), commands.end(), entry);
       it != std::sregex_iterator(); ++it)
    ++compiled[(*it)[1]];
  std::size_t seen = 0;
  for (const SourceFile& file : product_sources()) {
    if (!file.path.starts_with("src/") || !file.path.ends_with(".cpp")) continue;
    EXPECT_EQ(compiled[file.path], 1) << file.path;
    ++seen;
  }
  EXPECT_GT(seen, 100U);
}

TEST(Objects, of_the_product_know_nothing_of_their_simulator) {
  for (const SourceFile& file : product_sources()) {
    if (!file.is_code() || file.folder == "simulation" || file.folder == "cli") continue;
    for (const Include& include : includes_of(file.text))
      EXPECT_FALSE(include.target.starts_with("simulation/")) << file.path;
  }
}

}  // namespace understudy::architecture
