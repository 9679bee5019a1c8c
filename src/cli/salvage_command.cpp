#include "cli/salvage_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <map>

#include "local/layout.h"
#include "local/render.h"
#include "local/salvage_file.h"
#include "local/salvage_replay.h"
#include "local/secrets.h"
#include "local/timeline_history.h"

namespace understudy {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr auto kPatience = milliseconds(30'000);

struct Found {
  std::string path;
  SalvageHeader header;
};

/// All files of the stack, the newest epoch first.
std::vector<Found> find_files(const Layout& layout) {
  std::vector<Found> all;
  for (const Region& region : layout.topology().regions) {
    std::error_code none;
    for (const auto& entry :
         fs::directory_iterator(salvage_folder(layout.domain(region.name).folder), none)) {
      if (entry.path().extension() != ".jsonl") continue;
      auto reader = SalvageReader::open(entry.path());
      if (reader)
        all.push_back({entry.path(), reader->header()});
      else
        fail("salvage", reader.error().what, Exit::no);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Found& a, const Found& b) { return a.header.epoch > b.header.epoch; });
  return all;
}

std::optional<Found> choose(const Layout& layout, const SalvageWords& words) {
  for (Found& found : find_files(layout)) {
    const bool meant = (words.region.empty() || found.header.region == words.region) &&
                       (words.epoch == 0 || found.header.epoch == words.epoch);
    if (meant) return std::move(found);
  }
  return std::nullopt;
}

/// Calls `each` for every transaction of a file.
template <class Each>
Result<Done> for_each(const std::string& path, Each each) {
  auto reader = SalvageReader::open(path);
  if (!reader) return reader.error();
  while (true) {
    auto next = reader->next();
    if (!next) return next.error();
    if (!*next) return Done{};
    if (auto went = each(**next); !went) return went;
  }
}

struct Rows {
  std::uint64_t inserts = 0;
  std::uint64_t updates = 0;
  std::uint64_t deletes = 0;
};

struct Summary {
  std::uint64_t transactions = 0;
  std::string first;
  std::string last;
  std::map<std::string, Rows> tables;

  void add(const SalvagedTransaction& transaction) {
    ++transactions;
    if (first.empty()) first = transaction.committed_at;
    last = transaction.committed_at;
    for (const SalvagedChange& change : transaction.changes) {
      Rows& rows = tables[change.schema + "." + change.table];
      (change.op == "insert"   ? rows.inserts
       : change.op == "update" ? rows.updates
                               : rows.deletes)++;
    }
    for (const SalvagedCount& count : transaction.counts) {
      Rows& rows = tables[count.schema + "." + count.table];
      rows.inserts += count.inserts;
      rows.updates += count.updates;
      rows.deletes += count.deletes;
    }
  }
};

void print(const Found& found, const Summary& summary) {
  const SalvageHeader& header = found.header;
  fmt::print("epoch {}, lost in {}: {} transactions, {} to {} ({})\n{}\n", header.epoch,
             header.region, summary.transactions, summary.first, summary.last, header.method,
             found.path);
  for (const auto& [table, rows] : summary.tables)
    fmt::print("  {:<32} {:>7} inserted {:>7} updated {:>7} deleted\n", table, rows.inserts,
               rows.updates, rows.deletes);
}

void print_json(const Found& found, const Summary& summary) {
  json::object tables;
  for (const auto& [table, rows] : summary.tables)
    tables[table] = json::object{
        {"inserts", rows.inserts}, {"updates", rows.updates}, {"deletes", rows.deletes}};
  const SalvageHeader& header = found.header;
  fmt::print("{}\n",
             json::serialize(json::object{{"epoch", header.epoch},
                                          {"region", header.region},
                                          {"method", header.method},
                                          {"diverged_at", format_wal_position(header.diverged_at)},
                                          {"file", found.path},
                                          {"transactions", summary.transactions},
                                          {"first", summary.first},
                                          {"last", summary.last},
                                          {"tables", std::move(tables)}}));
}

void print(const SalvagedTransaction& transaction) {
  fmt::print("transaction {} of {}\n", transaction.xid, transaction.committed_at);
  for (const SalvagedChange& change : transaction.changes)
    fmt::print("  {} {}.{} {}\n", change.op, change.schema, change.table,
               json::serialize(change.op == "delete" ? change.key : change.values));
  for (const SalvagedCount& count : transaction.counts)
    fmt::print("  {}.{}: {} inserted, {} updated, {} deleted\n", count.schema, count.table,
               count.inserts, count.updates, count.deletes);
}

void print(const SalvagedTransaction& transaction, const ReplayedTransaction& done) {
  for (const std::string& note : done.notes)
    fmt::print("transaction {}: {}\n", transaction.xid, note);
  if (done.conflicts.empty()) return;
  fmt::print("transaction {} of {}: left for a person\n", transaction.xid,
             transaction.committed_at);
  for (const ReplayConflict& conflict : done.conflicts) {
    fmt::print("  {}: {}\n    lost:  {}\n", conflict.change, conflict.why,
               json::serialize(conflict.row));
    if (!conflict.there.empty()) fmt::print("    there: {}\n", conflict.there);
  }
}

/// By the database writer endpoint, which leads to the active region, as the application: it owns
/// its tables, and is fenced as everybody is.
std::string writer_conninfo(const Layout& layout, const StackSecrets& secrets) {
  const Endpoint edge = layout.edge_database();
  const DatabaseSettings& database = layout.topology().database;
  return fmt::format(
      "host={} port={} user={} dbname={} password={} application_name=understudy-salvage "
      "connect_timeout=5",
      edge.address, edge.port, database.application_role, database.name, secrets.application_role);
}

Exit exit_of(const Error& error) {
  return error.after == After::unchanged_final ? Exit::no : Exit::unreachable;
}

Exit no_file(const SalvageWords& words) {
  return fail("salvage",
              words.epoch == 0 && words.region.empty()
                  ? "no failover has lost anything that was kept"
                  : "no such file; see salvage list",
              Exit::no);
}

}  // namespace

Exit salvage_list_command(const Where& where) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const Layout layout(stack->topology, stack->data);
  for (const Found& found : find_files(layout)) {
    Summary summary;
    auto read = for_each(found.path, [&](const SalvagedTransaction& transaction) {
      summary.add(transaction);
      return Result<Done>(Done{});
    });
    if (!read) return fail("salvage list", read.error().what, Exit::machine);
    fmt::print("epoch {:<6} {:<16} {:>8} transactions  {:<18} {}\n", found.header.epoch,
               found.header.region, summary.transactions, found.header.method, found.path);
  }
  return Exit::ok;
}

Exit salvage_show_command(const Where& where, const SalvageWords& words) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const Layout layout(stack->topology, stack->data);
  const auto found = choose(layout, words);
  if (!found) return no_file(words);
  Summary summary;
  auto read = for_each(found->path, [&](const SalvagedTransaction& transaction) {
    summary.add(transaction);
    if (words.transactions && words.json)
      fmt::print("{}\n", json::serialize(to_json(transaction)));
    else if (words.transactions)
      print(transaction);
    return Result<Done>(Done{});
  });
  if (!read) return fail("salvage show", read.error().what, Exit::machine);
  words.json ? print_json(*found, summary) : print(*found, summary);
  return Exit::ok;
}

Exit salvage_replay_command(const Where& where, const SalvageWords& words) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const Layout layout(stack->topology, stack->data);
  const auto found = choose(layout, words);
  if (!found) return no_file(words);
  auto secrets = load_secrets(layout.file("secrets.json"));
  if (!secrets) return fail("salvage replay", secrets.error().what, Exit::usage);
  auto replay = SalvageReplay::open(
      writer_conninfo(layout, *secrets), found->header,
      words.yes ? SalvageReplay::Rehearse::no : SalvageReplay::Rehearse::yes, kPatience);
  if (!replay) return fail("salvage replay", replay.error().what, exit_of(replay.error()));
  std::map<ReplayOutcome, std::uint64_t> outcomes;
  auto went = for_each(found->path, [&](const SalvagedTransaction& transaction) -> Result<Done> {
    auto done = replay->replay(transaction);
    if (!done) return within(fmt::format("transaction {}", transaction.xid), done.error());
    ++outcomes[done->outcome];
    print(transaction, *done);
    return Done{};
  });
  fmt::print("{} {}, {} already there, {} left for a person{}\n", outcomes[ReplayOutcome::applied],
             words.yes ? "replayed" : "would be replayed", outcomes[ReplayOutcome::already_there],
             outcomes[ReplayOutcome::conflict],
             words.yes ? "" : "; nothing was changed: say --yes to replay");
  if (!went) return fail("salvage replay", went.error().what, exit_of(went.error()));
  return outcomes[ReplayOutcome::conflict] == 0 ? Exit::ok : Exit::no;
}

}  // namespace understudy
