// Every target over its corpus and a few thousand changes of it, in the ordinary test run.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/ensure.h"
#include "mutations.h"
#include "ports/wire.h"
#include "targets.h"

namespace understudy::fuzz {

namespace {

namespace fs = std::filesystem;

struct Target {
  std::string name;
  void (*holds_for)(std::string_view bytes);
  unsigned mutations;
  /// Besides corpus/<name>: files of the product that it reads.
  std::vector<std::string> also = {};
};

const std::vector<Target> kTargets = {
    {"topology",
     topology,
     3000,
     {"examples/boxoffice/understudy.yaml", "examples/guestbook/understudy.yaml"}},
    {"http_request", http_request, 2000},
    {"messages", messages, 5000},
    {"ledger", ledger, 3000},
    {"journal", journal, 3000},
    {"state_machine", state_machine, 2000, {"workflows/failover.asl.json"}},
    {"json_path", json_path, 5000},
};

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// By name, so that the mutations are the same on every file system.
std::vector<std::string> seeds_of(const Target& target) {
  const fs::path root(UNDERSTUDY_SOURCE_DIR);
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(root / "tests/fuzz/corpus" / target.name))
    files.insert(entry.path());
  for (const std::string& file : target.also) files.insert(root / file);
  std::vector<std::string> seeds;
  for (const fs::path& file : files) seeds.push_back(read(file));
  return seeds;
}

[[noreturn]] void throw_broken(const char* rule, std::source_location where) {
  throw Broken(std::string(where.file_name()) + ": " + rule);
}

/// What does not hold for these bytes; "" if all does.
std::string broken_by(const Target& target, const std::string& bytes) {
  try {
    target.holds_for(bytes);
    return "";
  } catch (const std::exception& broken) {
    return broken.what();
  }
}

class Readers : public testing::TestWithParam<Target> {
 protected:
  Readers() { ensure_handler = throw_broken; }
  ~Readers() override { ensure_handler = abort_on_broken_rule; }
};

TEST_P(Readers, keep_their_promises_for_the_corpus) {
  const auto seeds = seeds_of(GetParam());
  EXPECT_GE(seeds.size(), 3U);
  for (const std::string& seed : seeds)
    EXPECT_EQ(broken_by(GetParam(), seed), "") << testing::PrintToString(seed);
}

TEST_P(Readers, keep_their_promises_for_changed_bytes) {
  const auto seeds = seeds_of(GetParam());
  for (unsigned number = 0; number < GetParam().mutations && !HasFailure(); ++number) {
    const auto bytes = mutation(seeds, number);
    EXPECT_EQ(broken_by(GetParam(), bytes), "") << number << ": " << testing::PrintToString(bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Readers, testing::ValuesIn(kTargets),
                         [](const auto& of) { return of.param.name; });

/// A message that has got a member more since is read by nobody, and tries nothing out.
TEST(Messages, of_the_corpus_are_each_read_by_somebody) {
  const auto is_read = [](const boost::json::object& said) {
    return wire::record_from(said) || wire::sighting_from(said) || wire::watched_from(said) ||
           wire::database_state_from(said) || wire::fence_ack_from(said) ||
           wire::revoke_ack_from(said) || wire::agent_status_from(said) ||
           wire::promote_order_from(said) || wire::scale_order_from(said) ||
           wire::rebuild_order_from(said) || wire::rebuild_state_from(said) ||
           said.contains("what");
  };
  const fs::path corpus = fs::path(UNDERSTUDY_SOURCE_DIR) / "tests/fuzz/corpus/messages";
  for (const auto& entry : fs::directory_iterator(corpus)) {
    const auto said = wire::parse_object(read(entry.path()));
    ASSERT_TRUE(said) << entry.path();
    EXPECT_TRUE(is_read(*said)) << entry.path();
  }
}

TEST(Mutations, are_always_the_same_and_hardly_ever_the_seed) {
  const std::vector<std::string> seeds = {"platform: shop\nhome: north\n", R"({"version": 7})"};
  std::set<std::string> different;
  for (unsigned number = 0; number < 1000; ++number) {
    const auto bytes = mutation(seeds, number);
    EXPECT_EQ(bytes, mutation(seeds, number));
    if (std::find(seeds.begin(), seeds.end(), bytes) == seeds.end()) different.insert(bytes);
  }
  EXPECT_GT(different.size(), 900U);
}

TEST(Targets, that_throw_anything_are_caught) {
  const Target broken{"x", [](std::string_view) { must(false, "it holds"); }, 0};
  EXPECT_EQ(broken_by(broken, ""), "it holds");
  const Target sound{"x", [](std::string_view) {}, 0};
  EXPECT_EQ(broken_by(sound, ""), "");
}

}  // namespace

}  // namespace understudy::fuzz
