// Files know one thing and functions fit one screen; nothing half done is checked in.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "code_text.h"
#include "source_tree.h"

namespace understudy::architecture {

namespace {

constexpr int kFileLinesMax = 500;
constexpr int kFunctionLinesMax = 70;

/// Longer functions that read better whole, by file and start of their declaration, with the
/// reason.
const std::map<std::pair<std::string, std::string>, std::string> kReadBetterWhole = {
    {{"src/controller/controller.cpp", "Result<Done> run_controller(const std::string& data)"},
     "it wires the whole process: the order of the parts is the order in which they outlive each "
     "other"},
    {{"src/drill/faults.cpp", "const std::vector<Fault>& table()"}, "it is a table"},
};

int lines_of(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

/// Spelled in two, so that this file does not find itself.
const std::vector<std::string> kUnfinished = {std::string("FIX") + "ME", std::string("TO") + "DO"};

}  // namespace

TEST(Files, have_at_most_five_hundred_lines) {
  for (const SourceFile& file : all_sources()) {
    if (!file.is_code()) continue;
    EXPECT_LE(lines_of(file.text), kFileLinesMax) << file.path;
  }
}

TEST(Files, hold_nothing_half_done) {
  for (const SourceFile& file : all_sources()) {
    for (const std::string& word : kUnfinished)
      EXPECT_EQ(file.text.find(word), std::string::npos) << file.path << " has a " << word;
  }
}

TEST(Functions, fit_one_screen) {
  std::size_t looked_at = 0;
  for (const SourceFile& file : all_sources()) {
    if (!file.is_code()) continue;
    for (const Function& function : functions_in(file.text)) {
      ++looked_at;
      if (kReadBetterWhole.contains({file.path, function.head})) continue;
      EXPECT_LE(function.lines, kFunctionLinesMax)
          << file.path << ":" << function.line << ": " << function.head;
    }
  }
  EXPECT_GT(looked_at, 1000U) << "the scanner has gone blind";
}

TEST(Functions, are_found_by_their_braces) {
  const auto found = functions_in(R"text(
namespace a {
constexpr int kTable[] = {1, 2};
struct S {
  int m() const { return 1; }
  S() : a_{1}, b_(2) {
    if (a_ == 1) {
      b_ = 3;
    }
  }
  int a_ = 0;
};
/* not { a function() { */
int long_one(
    int x) {
  const char* brace = "{";

  return x;
}
auto kLambda = [](int x) { return x; };
}
)text");
  std::vector<std::pair<int, int>> places;
  for (const Function& function : found) {
    if (function.lines > 1) places.emplace_back(function.line, function.lines);
  }
  EXPECT_THAT(places, testing::ElementsAre(std::pair(6, 5), std::pair(14, 6)));
}

}  // namespace understudy::architecture
