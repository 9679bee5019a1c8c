// Who may include whom: the blueprint's arrows, held by reading the source tree.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "source_tree.h"

namespace understudy::architecture {

namespace {

using Folders = std::set<std::string>;

/// Every folder may include itself and these. Policy (topology, states, recovery) knows only ports;
/// the adapters never know policy, nor each other; only the roots know both.
const std::map<std::string, Folders> kMayInclude = {
    {"base", {}},
    {"ports", {"base"}},
    {"topology", {"base"}},
    {"states", {"base"}},
    {"recovery", {"ports", "topology", "base"}},
    {"readiness", {"ports", "topology", "base"}},
    {"record", {"states", "base"}},
    {"system", {"ports", "base"}},
    {"telemetry", {"ports", "system", "base"}},
    {"alerting", {"ports", "topology", "system", "base"}},
    {"fence", {}},
    {"local", {"ports", "topology", "system", "fence", "base"}},
    {"drill", {"local", "record", "ports", "topology", "system", "base"}},
    {"report", {"base"}},
    {"boxoffice", {"system", "fence", "base"}},
    // The composition roots: they build real things, and none looks into another.
    {"registry", {"recovery", "local", "telemetry", "ports", "topology", "system", "base"}},
    {"agent", {"recovery", "local", "telemetry", "fence", "ports", "topology", "system", "base"}},
    {"controller",
     {"readiness", "recovery", "record", "states", "local", "telemetry", "alerting", "ports",
      "topology", "system", "base"}},
    // The product's own code in a simulated world: of adapters it knows none.
    {"simulation", {"controller", "recovery", "states", "ports", "topology", "base"}},
    {"cli",
     {"controller", "registry", "drill", "report", "simulation", "recovery", "record", "local",
      "telemetry", "ports", "topology", "system", "base"}},
};

/// Of a folder that may be included, only these headers may be, by that folder.
const std::map<std::pair<std::string, std::string>, std::set<std::string>> kOnlyThese = {
    {{"registry", "recovery"}, {"recovery/record_changes.h"}},
    {{"drill", "record"}, {"record/verification.h"}},
    {{"cli", "record"}, {"record/canonical.h", "record/signature.h", "record/verification.h"}},
    {{"cli", "registry"}, {"registry/registry_server.h"}},
    {{"cli", "controller"}, {"controller/controller.h", "controller/workflows.h"}},
    {{"simulation", "controller"},
     {"controller/execution_runner.h", "controller/journal.h", "controller/operator_controls.h",
      "controller/rejoin_watch.h", "controller/sentry.h", "controller/standby_watch.h",
      "controller/transition_desk.h", "controller/workflows.h"}},
    {{"simulation", "states"}, {"states/history.h"}},
};

/// What a header of ports/ and recovery/ must not drag into everybody.
const std::vector<std::string> kHeavy = {"libpq",      "postgres",    "curl/",      "openssl/",
                                         "boost/asio", "boost/beast", "sqlite3",    "yaml-cpp/",
                                         "hiredis/",   "CLI/",        "prometheus/"};

std::string broken_arrow(const std::string& folder, const std::string& target) {
  const std::string to = target.substr(0, target.find('/'));
  if (!kMayInclude.contains(to) || to == folder) return "";  // another project's, or its own
  const auto allowed = kMayInclude.find(folder);
  if (allowed == kMayInclude.end()) return "folder " + folder + " is not in the table of arrows";
  if (!allowed->second.contains(to)) return folder + " may not include " + to;
  const auto narrow = kOnlyThese.find({folder, to});
  if (narrow != kOnlyThese.end() && !narrow->second.contains(target))
    return folder + " may not include that much of " + to;
  return "";
}

}  // namespace

TEST(Arrows, hold_in_the_whole_tree) {
  std::vector<std::string> broken;
  for (const SourceFile& file : product_sources()) {
    if (!file.is_code()) continue;
    for (const Include& include : includes_of(file.text)) {
      if (!include.quoted) continue;
      const std::string why = broken_arrow(file.folder, include.target);
      if (why.empty()) continue;
      broken.push_back(file.path + ":" + std::to_string(include.line) + ": includes \"" +
                       include.target + "\", but " + why);
    }
  }
  EXPECT_THAT(broken, testing::IsEmpty());
}

TEST(Arrows, are_drawn_for_every_folder_with_code) {
  for (const SourceFile& file : product_sources()) {
    if (!file.is_code()) continue;
    EXPECT_TRUE(kMayInclude.contains(file.folder)) << file.path;
  }
}

TEST(Arrows, are_seen_when_broken) {
  EXPECT_EQ(broken_arrow("recovery", "local/site.h"), "recovery may not include local");
  EXPECT_EQ(broken_arrow("local", "recovery/health.h"), "local may not include recovery");
  EXPECT_EQ(broken_arrow("registry", "recovery/health.h"),
            "registry may not include that much of recovery");
  EXPECT_EQ(broken_arrow("agent", "controller/sentry.h"), "agent may not include controller");
  EXPECT_EQ(broken_arrow("recovery", "ports/clock.h"), "");
  EXPECT_EQ(broken_arrow("registry", "recovery/record_changes.h"), "");
  EXPECT_EQ(broken_arrow("fence", "utils/guc.h"), "") << "PostgreSQL's own headers are not ours";
}

TEST(Arrows, have_no_cycle) {
  // A folder is placed once all that it may include are placed; a cycle is never placed.
  std::set<std::string> placed;
  for (std::size_t before = placed.size() + 1; before != placed.size();) {
    before = placed.size();
    for (const auto& [folder, may] : kMayInclude) {
      if (std::includes(placed.begin(), placed.end(), may.begin(), may.end()))
        placed.insert(folder);
    }
  }
  EXPECT_EQ(placed.size(), kMayInclude.size());
}

TEST(Headers, of_ports_and_recovery_drag_in_no_other_project) {
  std::size_t looked_at = 0;
  for (const SourceFile& file : product_sources()) {
    if (!file.is_header() || (file.folder != "ports" && file.folder != "recovery")) continue;
    ++looked_at;
    for (const Include& include : includes_of(file.text)) {
      for (const std::string& heavy : kHeavy) {
        EXPECT_FALSE(include.target.starts_with(heavy))
            << file.path << ":" << include.line << ": includes " << include.target
            << "; hide it behind a port, in a .cpp of an adapter";
      }
    }
  }
  EXPECT_GT(looked_at, 10U);
}

TEST(Headers, say_pragma_once) {
  for (const SourceFile& file : product_sources()) {
    if (!file.is_header() || file.folder == "fence") continue;
    EXPECT_TRUE(file.text.starts_with("#pragma once\n")) << file.path;
  }
}

TEST(Includes, are_read_however_they_are_spaced) {
  const auto found =
      includes_of("#include <map>\n  #  include \"ports/clock.h\"  // why\nint x;\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].target, "map");
  EXPECT_FALSE(found[0].quoted);
  EXPECT_EQ(found[1].target, "ports/clock.h");
  EXPECT_TRUE(found[1].quoted);
  EXPECT_EQ(found[1].line, 2);
}

}  // namespace understudy::architecture
