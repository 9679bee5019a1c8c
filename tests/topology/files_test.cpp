// Files that are no settings at all: one clear line each, in bounded time, never a crash.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "minimal.h"

namespace understudy {
namespace {

using testing::SizeIs;

std::string repeated(const std::string& piece, std::size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

/// A folder of its own for each test, gone afterwards.
class AFileOnDisk : public testing::Test {
 protected:
  AFileOnDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "topology-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~AFileOnDisk() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string in_folder(const std::string& name) const {
    return (folder_ / name).string();
  }

  /// The one line that loading gives, without the file's name.
  [[nodiscard]] static std::string line_of(const std::string& file) {
    const auto loaded = load_topology(file);
    EXPECT_FALSE(loaded.topology);
    EXPECT_THAT(loaded.mistakes, SizeIs(1));
    return loaded.mistakes.empty() ? "" : loaded.mistakes[0].text().substr(file.size());
  }

  std::filesystem::path folder_;
};

TEST_F(AFileOnDisk, that_does_not_exist_is_told) {
  EXPECT_EQ(line_of(in_folder("none.yaml")), ": cannot be read: No such file or directory");
}

TEST_F(AFileOnDisk, that_is_a_directory_is_told) {
  EXPECT_EQ(line_of(folder_.string()), ": is a directory; expected a file");
}

TEST_F(AFileOnDisk, that_is_a_pipe_does_not_hang) {
  ASSERT_EQ(mkfifo(in_folder("pipe").c_str(), 0600), 0);
  EXPECT_EQ(line_of(in_folder("pipe")), ": is not a regular file");
}

TEST_F(AFileOnDisk, that_is_empty_is_told) {
  std::ofstream(in_folder("empty.yaml")).flush();
  EXPECT_EQ(line_of(in_folder("empty.yaml")), ": is empty");
}

TEST_F(AFileOnDisk, of_100_megabytes_is_refused_unread) {
  std::ofstream(in_folder("big.yaml")).flush();
  std::filesystem::resize_file(in_folder("big.yaml"), 100 * kMegabyte);
  EXPECT_EQ(line_of(in_folder("big.yaml")), ": is larger than 1 MiB");
}

TEST_F(AFileOnDisk, without_mistakes_gives_what_its_text_gives) {
  std::ofstream(in_folder("u.yaml")) << kMinimal;
  const auto loaded = load_topology(in_folder("u.yaml"));
  ASSERT_TRUE(loaded.topology);
  EXPECT_EQ(loaded.topology->directory, folder_.string());
}

struct BadText {
  const char* name;
  std::string text;
  std::string first_line;
};

TEST(ATextThatIsNoSettings, is_refused_in_one_line) {
  const std::vector<BadText> table = {
      {"only a comment", "# nothing\n", "u.yaml: is empty"},
      {"only a document mark", "---\n", "u.yaml: is empty"},
      {"a scalar", "hello\n",
       "u.yaml:1: expected a mapping of settings (platform, regions, ...), found \"hello\""},
      {"a list", "\n- a\n",
       "u.yaml:2: expected a mapping of settings (platform, regions, ...), found a list"},
      {"a bracket left open", "a: 1\nb: [1\nc: 2\n",
       "u.yaml:3: is not YAML: end of sequence flow not found"},
      {"a brace left open in the last line", "a: 1\nb: { c d",
       "u.yaml:2: is not YAML: end of map flow not found"},
      {"a brace left open after a comma", "a: 1\nb: { c: 1,\n",
       "u.yaml:2: expected a plain text as key"},
      {"a quote left open", "a: \"b\n",
       "u.yaml:1: is not YAML: a quote opened here or below is never closed"},
      {"a quote left open above settings", "a: 1\nb: \"c\nd: 2\ne: 3",
       "u.yaml:2: is not YAML: a quote opened here or below is never closed"},
      {"a quote left open by an escape", "a: 'it''s\n",
       "u.yaml:1: is not YAML: a quote opened here or below is never closed"},
      {"wrong indentation", "a:\n  b: 1\n c: 2\n", "u.yaml:3: is not YAML: end of map not found"},
      {"a tab as indentation", "a:\n\tb: 1\n", "u.yaml:2: is not YAML: illegal map value"},
      {"a second document", kMinimal + "---\na: 1\n",
       "u.yaml:9: a second document starts here; expected one"},
      {"an alias", "a: &x [1]\nb: *x\n",
       "u.yaml:2: aliases (*name) are not supported; write the value out"},
      {"an alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n",
       "u.yaml:2: aliases (*name) are not supported; write the value out"},
      {"an alias of itself", "a: &a [*a]\n",
       "u.yaml:1: aliases (*name) are not supported; write the value out"},
      {"an unknown alias", "a: *b\n",
       "u.yaml:1: is not YAML: the referenced anchor is not defined"},
      {"a tag", "a: !!binary aGk=\n",
       "u.yaml:1: tags (!name) are not supported; write the plain value"},
      {"a list as key", "? [a]\n: 1\n", "u.yaml:1: expected a plain text as key"},
      {"no key", ": 1\n", "u.yaml:1: expected a plain text as key"},
      {"a null character", std::string("a: 1\nb: \0\n", 10),
       "u.yaml:2: this is not a text file in UTF-8"},
      {"an escaped null character", "a: \"\\0\"\n", "u.yaml:1: a text holds a null character"},
      {"broken UTF-8", "a: \xc3\x28\n", "u.yaml:1: this is not a text file in UTF-8"},
      {"UTF-8 cut off", "a: \xe2\x82", "u.yaml:1: this is not a text file in UTF-8"},
      {"a program",
       "\x7f"
       "ELF\x02\x01\x01\n",
       "u.yaml:1: this is not a text file in UTF-8"},
      {"UTF-16",
       std::string("\xff\xfe"
                   "a\0:\0",
                   6),
       "u.yaml:1: this is not a text file in UTF-8"},
      {"more than a megabyte", repeated("# x\n", kMegabyte + 4), "u.yaml: is larger than 1 MiB"},
  };
  for (const auto& [name, text, first_line] : table) {
    SCOPED_TRACE(name);
    const auto loaded = parse_topology(text, "u.yaml");
    EXPECT_FALSE(loaded.topology);
    ASSERT_THAT(loaded.mistakes, SizeIs(1));
    EXPECT_EQ(loaded.mistakes[0].text(), first_line);
  }
}

// Each is as long as a file may be. Without the limits some of these take minutes, gigabytes or
// the stack; the test's own time limit is what fails it.
TEST(AMegabyteOfOneThing, is_refused_and_does_not_hang) {
  std::string stairs;
  for (int i = 0; i < 1400; ++i) stairs += std::string(i, ' ') + "a:\n";
  const std::vector<BadText> table = {
      {"brackets", repeated("[", kMegabyte), ""},
      {"brackets below a key", "a: " + repeated("[", kMegabyte - 3), ""},
      {"braces", repeated("{", kMegabyte), ""},
      {"dashes", repeated("- ", kMegabyte), "u.yaml:1: nested deeper than 32 levels"},
      {"question marks", repeated("? ", kMegabyte), ""},
      {"stairs", stairs, "u.yaml:33: nested deeper than 32 levels"},
      {"a long list", "a: [" + repeated("b, ", kMegabyte - 8) + "]",
       "u.yaml:1: more than 20000 values"},
      {"many keys", repeated("k: 1\n", kMegabyte), "u.yaml:10000: more than 20000 values"},
      {"anchors", repeated("&", kMegabyte), ""},
      {"a quote", repeated("\"", kMegabyte - 1), ""},
      {"an open quote", "\"" + repeated("a", kMegabyte - 1), ""},
      {"line ends", repeated("\n", kMegabyte), "u.yaml: is empty"},
      {"one long key", repeated("a", kMegabyte - 3) + ": 1", ""},
  };
  for (const auto& [name, text, first_line] : table) {
    SCOPED_TRACE(name);
    const auto loaded = parse_topology(text, "u.yaml");
    EXPECT_FALSE(loaded.topology);
    ASSERT_FALSE(loaded.mistakes.empty());
    if (!first_line.empty()) {
      EXPECT_EQ(loaded.mistakes[0].text(), first_line);
    }
  }
}

TEST(AByteOrderMark, is_no_mistake) { EXPECT_EQ(mistakes_of("\xef\xbb\xbf" + kMinimal), ""); }

TEST(LineEndsOfWindows, are_no_mistake) {
  std::string text;
  for (const char c : kMinimal) text += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(mistakes_of(text), "");
}

TEST(ThousandsOfServices, are_refused_by_their_number) {
  std::string text = replaced("  web:\n    command: [web]\n", "");
  for (int i = 0; i < 500; ++i) text += "  s" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(mistakes_of(text), "u.yaml:6: services: expected at most 200 entries, found 500");
}

}  // namespace
}  // namespace understudy
