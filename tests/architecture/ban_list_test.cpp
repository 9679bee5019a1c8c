// Nothing outside the adapters and the composition roots reads a clock, sleeps, draws a random
// number, reads the environment or starts a thread: they are handed in.

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "code_text.h"
#include "source_tree.h"

namespace understudy::architecture {

namespace {

struct Ban {
  std::string token;  ///< ends in '_': any identifier that begins with it
  std::string instead;
};

const std::vector<Ban> kBans = {
    {"system_clock", "Clock of ports/clock.h"},
    {"steady_clock", "Clock of ports/clock.h"},
    {"high_resolution_clock", "Clock of ports/clock.h"},
    {"clock_gettime", "Clock of ports/clock.h"},
    {"gettimeofday", "Clock of ports/clock.h"},
    {"CLOCK_", "Clock of ports/clock.h"},
    {"sleep_for", "Clock::sleep_until of ports/clock.h"},
    {"usleep", "Clock::sleep_until of ports/clock.h"},
    {"nanosleep", "Clock::sleep_until of ports/clock.h"},
    {"getrandom", "Random of ports/random.h"},
    {"random_device", "Random of ports/random.h"},
    {"mt19937", "Random of ports/random.h"},
    {"mt19937_64", "Random of ports/random.h"},
    {"rand(", "Random of ports/random.h"},
    {"getenv", "a value that the composition root hands in"},
    {"std::thread", "Tasks of ports/tasks.h"},
    {"std::jthread", "Tasks of ports/tasks.h"},
    {"std::async", "Tasks of ports/tasks.h"},
    {"condition_variable", "Signal of ports/tasks.h"},
};

/// Adapters to the system, and programs of their own.
const std::set<std::string> kFreeFolders = {"system", "local",     "telemetry", "fence",
                                            "drill",  "boxoffice", "agent",     "cli"};
/// Where a root becomes a process.
const std::set<std::string> kFreeFiles = {"src/registry/registry_server.cpp",
                                          "src/controller/controller.cpp",
                                          // Every history is one thread's; many run side by side.
                                          "src/simulation/campaign.cpp"};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool has(const std::string& line, const std::string& token) {
  for (auto at = line.find(token); at != std::string::npos; at = line.find(token, at + 1)) {
    const bool begins = at == 0 || !is_word(line[at - 1]);
    const std::size_t end = at + token.size();
    const bool ends =
        !is_word(token.back()) || token.back() == '_' || end == line.size() || !is_word(line[end]);
    if (begins && ends) return true;
  }
  return false;
}

/// "src/x.cpp:3: std::thread: use Tasks of ports/tasks.h", for each violation.
std::vector<std::string> violations(const std::string& path, const std::string& text) {
  std::vector<std::string> found;
  std::istringstream lines(code_only(text));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    for (const Ban& ban : kBans) {
      if (has(line, ban.token)) {
        found.push_back(path + ":" + std::to_string(number) + ": " + ban.token + ": use " +
                        ban.instead);
      }
    }
  }
  return found;
}

}  // namespace

TEST(BanList, is_obeyed_outside_adapters_and_roots) {
  std::vector<std::string> found;
  for (const SourceFile& file : product_sources()) {
    if (!file.is_code() || kFreeFolders.contains(file.folder) || kFreeFiles.contains(file.path))
      continue;
    const auto here = violations(file.path, file.text);
    found.insert(found.end(), here.begin(), here.end());
  }
  EXPECT_THAT(found, testing::IsEmpty());
}

TEST(BanList, reaches_the_controllers_policy_and_the_registrys_store) {
  std::set<std::string> reached;
  for (const SourceFile& file : product_sources()) {
    if (file.is_code() && !kFreeFolders.contains(file.folder) && !kFreeFiles.contains(file.path))
      reached.insert(file.path);
  }
  for (const char* path :
       {"src/controller/execution_runner.cpp", "src/controller/execution_runner.h",
        "src/controller/sentry.cpp", "src/controller/sentry.h", "src/registry/record_store.cpp",
        "src/recovery/region_keeper.cpp", "src/states/fold.cpp"}) {
    EXPECT_TRUE(reached.contains(path)) << path;
  }
}

TEST(BanList, names_the_replacement) {
  EXPECT_THAT(violations("a.cpp", "\nauto now = std::chrono::system_clock::now();\n"),
              testing::ElementsAre("a.cpp:2: system_clock: use Clock of ports/clock.h"));
  EXPECT_THAT(violations("a.cpp", "std::thread worker([] {});"),
              testing::ElementsAre("a.cpp:1: std::thread: use Tasks of ports/tasks.h"));
  EXPECT_THAT(violations("a.cpp", "int x = rand();"),
              testing::ElementsAre("a.cpp:1: rand(: use Random of ports/random.h"));
}

TEST(BanList, finds_each_of_its_tokens) {
  for (const Ban& ban : kBans) {
    const std::string token = ban.token == "CLOCK_" ? "CLOCK_BOOTTIME" : ban.token;
    EXPECT_FALSE(violations("a.cpp", "  x = " + token + ";").empty()) << token;
  }
}

TEST(BanList, leaves_comments_literals_and_longer_names_alone) {
  EXPECT_THAT(violations("a.cpp",
                         "// not std::thread, nor steady_clock\n"
                         "/* getenv(\"HOME\")\n   usleep(1) */\n"
                         "auto text = \"system_clock\";\n"
                         "auto raw = R\"(std::async \" getrandom)\";\n"
                         "auto a = strand(executor); auto b = my_getenv_like;\n"
                         "auto c = 100'000; auto d = 'x'; // nanosleep\n"
                         "std::this_thread_like y;\n"),
              testing::IsEmpty());
}

TEST(BanList, is_not_fooled_by_an_apostrophe_or_a_comment_sign_in_a_literal) {
  EXPECT_THAT(violations("a.cpp",
                         "auto t = \"http://x\"; std::thread a;\n"
                         "auto n = 1'000; std::thread b; auto m = 2'000;\n"
                         "auto q = '\"'; std::thread c;\n"),
              testing::SizeIs(3));
}

}  // namespace understudy::architecture
