#include "region_pair.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "local/create.h"
#include "local/file_page.h"
#include "local/machine.h"
#include "local/postgres_database.h"
#include "local/render.h"
#include "system/file.h"
#include "system/kernel.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

constexpr auto kPatience = milliseconds(30'000);

Topology pair_topology() {
  Topology topology = example_topology();
  topology.local.port_base = 43'000;
  return topology;
}

/// Made once: databases with boxoffice's schema, standing side by side, kept to start each test
/// from.
struct Made {
  Scratch scratch;
  Topology topology = pair_topology();
  Layout layout{topology, scratch.file("stack")};
  Programs programs;
  StackSecrets secrets;

  Made() {
    auto found = find_programs(topology);
    ensure(found.ok(), "PostgreSQL is installed");
    programs = *found;
    ensure(file::make_folder(layout.file("bin")).ok(), "a folder can be made");
    fs::copy_file(UNDERSTUDY_FENCE_LIBRARY, layout.file("bin/understudy_fence.so"));
    fs::copy_file(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/schema.sql",
                  layout.file("schema.sql"));
    for (const DomainPlace& place : layout.domains())
      ensure(file::make_folder(place.folder).ok(), "a folder can be made");
    const auto done = create(layout, programs, [](const std::string&) {});
    if (!done) throw std::runtime_error(done.error().what);
    auto loaded = load_secrets(layout.file("secrets.json"));
    ensure(loaded.ok(), "the secrets were made");
    secrets = *loaded;
    for (const Region& region : topology.regions)
      fs::rename(layout.domain(region.name).file("postgres"), kept(region.name));
  }
  ~Made() {
    std::error_code none;
    fs::remove_all(layout.memory(), none);
  }
  [[nodiscard]] std::string kept(const std::string& region) const {
    return layout.domain(region).file("kept");
  }
};

Made& made() {
  static Made once;
  return once;
}

}  // namespace

void become_unprivileged() {
  const auto user = user_to_run_as("postgres");
  ensure(user.ok(), "there is a user postgres");
  if (*user) ensure(become(**user).ok(), "root can become it");
}

RegionPair::RegionPair() : clock_(make_kernel_clock()) {
  for (const Region& region : layout().topology().regions) {
    const DomainPlace place = layout().domain(region.name);
    for (const char* left :
         {"postgres", "postgres.new", "postgres.old", "postgres.rewinding", "salvage"}) {
      ensure(file::remove_tree(place.file(left)).ok(), "what a test left can be removed");
    }
    fs::copy(made().kept(region.name), place.file("postgres"), fs::copy_options::recursive);
    scratches_[region.name] = std::make_unique<Scratch>();
    auto page = open_file_page(layout().page(region.name));
    EXPECT_EQ(why(page), "");
    pages_[region.name] = std::move(*page);
    pages_[region.name]->close();
    databases_[region.name] = make_postgres_database(
        {.conninfo = understudy_conninfo(layout(), region.name, secrets()),
         .admission_file = place.file("pg_hba.conf"),
         .admitting = postgres_admission(layout(), true),
         .refusing = postgres_admission(layout(), false),
         .folder = place.file("postgres"),
         .standby_slot = replication_slot(layout().topology().other(region.name).name)},
        *clock_);
  }
  open_page(kHome);
  start(kHome);
  start(kOther);
  EXPECT_TRUE(eventually(
      [&] {
        const auto state = database(kHome).state(soon());
        return state && state->streaming;
      },
      kPatience));
}

RegionPair::~RegionPair() = default;

const Layout& RegionPair::layout() const { return made().layout; }
const StackSecrets& RegionPair::secrets() const { return made().secrets; }

void RegionPair::start(const std::string& region) {
  std::vector<Unit> units = units_of(layout(), region, made().programs, secrets());
  std::erase_if(units, [](const Unit& unit) { return unit.name != "postgres"; });
  domains_[region] = std::make_unique<SupervisedDomain>(*scratches_.at(region), units);
  EXPECT_TRUE(eventually([&] { return database(region).state(soon()).ok(); }, kPatience));
}

SupervisorClient RegionPair::supervisor(const std::string& region) const {
  return domains_.at(region)->client();
}

void RegionPair::restart_supervisor(const std::string& region) {
  domains_.at(region).reset();
  std::vector<Unit> units = units_of(layout(), region, made().programs, secrets());
  std::erase_if(units, [](const Unit& unit) { return unit.name != "postgres"; });
  domains_[region] = std::make_unique<SupervisedDomain>(*scratches_.at(region), units);
}

void RegionPair::open_page(const std::string& region) {
  pages_.at(region)->open({.incarnation = 1, .epoch = 1, .term = 1, .serial = 1, .endless = true});
}
void RegionPair::close_page(const std::string& region) { pages_.at(region)->close(); }

RebuildPlace RegionPair::place(const std::string& region) const {
  return rebuild_place(layout(), region, made().programs.postgres_folder, secrets());
}
std::unique_ptr<DatabaseRebuild> RegionPair::rebuild(const std::string& region) {
  return make_postgres_rebuild(place(region), supervisor(region), *clock_);
}
std::string RegionPair::folder(const std::string& region) const {
  return layout().domain(region).folder;
}

postgres::Rows RegionPair::run(const std::string& region, const std::string& sql) {
  auto session =
      postgres::Connection::open(superuser_conninfo(layout(), region, secrets()), kPatience);
  EXPECT_EQ(why(session), "") << sql;
  if (!session) return {};
  auto rows = session->run(sql, {}, kPatience);
  EXPECT_EQ(why(rows), "") << sql;
  return rows ? *rows : postgres::Rows{};
}

std::string RegionPair::value(const std::string& region, const std::string& sql) {
  const auto rows = run(region, sql);
  return rows.empty() || !rows.rows[0][0] ? "" : rows.at(0, 0);
}

std::string RegionPair::buy(const std::string& region, const std::string& key, int seat) {
  const auto rows = run(region, fmt::format("SELECT outcome, order_id FROM buy('{}', 1, {}, "
                                            "'{}@example.org', NULL, NULL, '{}')",
                                            key, seat, key, region));
  EXPECT_EQ(rows.at(0, 0), "sold") << key;
  return rows.rows[0][1].value_or("");
}

void RegionPair::await_streamed(const std::string& from, const std::string& to) {
  const auto end = database(from).state(soon());
  ASSERT_EQ(why(end), "");
  EXPECT_TRUE(eventually(
      [&] {
        const auto standby = database(to).state(soon());
        return standby && standby->replayed >= end->written;
      },
      kPatience));
}

void RegionPair::cut(const std::string& standby) {
  run(standby, "ALTER SYSTEM SET primary_conninfo = ''");
  run(standby, "SELECT pg_reload_conf()");
  EXPECT_TRUE(
      eventually([&] { return value(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == "0"; },
                 kPatience));
}

void RegionPair::fail_over(const std::string& from, const std::string& to) {
  close_page(from);
  const auto promoted = database(to).promote(soon());
  ASSERT_EQ(why(promoted), "");
  open_page(to);
  run(to, "ALTER SYSTEM RESET primary_conninfo");
  run(to, "SELECT pg_reload_conf()");
}

}  // namespace understudy
