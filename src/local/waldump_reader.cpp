#include "local/waldump_reader.h"

#include <charconv>
#include <sstream>

#include "local/timeline_history.h"

namespace understudy {

namespace {

std::uint32_t number_at(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// What stands behind `sign`; empty if it is not there.
std::string_view behind(std::string_view line, std::string_view sign) {
  const auto at = line.find(sign);
  return at == std::string_view::npos ? std::string_view() : line.substr(at + sign.size());
}

bool is_of(std::string_view line, std::string_view manager) {
  const std::string_view name = behind(line, "rmgr: ");
  return name.starts_with(manager) && name.substr(manager.size()).starts_with(' ');
}

/// Transaction numbers go round: `a` is later than `b`.
bool later(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

constexpr std::uint32_t kFirstNormal = 3;

}  // namespace

std::optional<SalvagedTransaction> WaldumpReader::take(std::string_view line) {
  if (!line.starts_with("rmgr: ")) return std::nullopt;
  const std::uint32_t xid = number_at(behind(line, "tx: "));
  const std::string_view description = behind(line, "desc: ");
  std::uint32_t next = xid >= kFirstNormal ? xid + 1 : 0;
  if (const auto running = behind(description, "nextXid "); !running.empty())
    next = number_at(running);
  if (next != 0 && (next_xid_ == 0 || later(next, next_xid_))) next_xid_ = next;
  if (is_of(line, "Transaction")) {
    if (description.starts_with("COMMIT")) return commit(line, description, xid);
    if (description.starts_with("ABORT")) open_.erase(xid);
    return std::nullopt;
  }
  if (xid != 0 && (is_of(line, "Heap") || is_of(line, "Heap2"))) count(line, description, xid);
  return std::nullopt;
}

void WaldumpReader::count(std::string_view line, std::string_view description, std::uint32_t xid) {
  std::uint64_t SalvagedCount::*rows = nullptr;
  std::uint64_t how_many = 1;
  if (description.starts_with("INSERT")) rows = &SalvagedCount::inserts;
  if (description.starts_with("UPDATE") || description.starts_with("HOT_UPDATE"))
    rows = &SalvagedCount::updates;
  if (description.starts_with("DELETE")) rows = &SalvagedCount::deletes;
  if (description.starts_with("MULTI_INSERT")) {
    rows = &SalvagedCount::inserts;
    how_many = number_at(description.substr(std::string_view("MULTI_INSERT").size()));
    if (how_many == 0) how_many = number_at(behind(description, "MULTI_INSERT+INIT"));
  }
  if (rows == nullptr) return;
  // "blkref #0: rel 1663/16384/16385 blk 0": table space, database, file.
  const std::string_view relation = behind(line, "rel ");
  const std::string_view database = behind(relation, "/");
  if (number_at(database) != database_) return;
  const std::uint32_t file = number_at(behind(database, "/"));
  SalvagedCount& count = open_[xid][file];
  if (count.table.empty()) {
    const auto name = names_.find(file);
    count.schema = name == names_.end() ? "" : name->second.schema;
    count.table = name == names_.end() ? "file " + std::to_string(file) : name->second.table;
  }
  count.*rows += how_many;
}

std::optional<SalvagedTransaction> WaldumpReader::commit(std::string_view line,
                                                         std::string_view description,
                                                         std::uint32_t xid) {
  Rows all;
  const auto merge = [&](std::uint32_t part) {
    const auto found = open_.find(part);
    if (found == open_.end()) return;
    for (auto& [file, count] : found->second) {
      SalvagedCount& sum = all[file];
      sum.schema = count.schema;
      sum.table = count.table;
      sum.inserts += count.inserts;
      sum.updates += count.updates;
      sum.deletes += count.deletes;
    }
    open_.erase(found);
  };
  merge(xid);
  std::istringstream parts(std::string(behind(description, "subxacts: ")));
  for (std::string part; parts >> part;) {
    merge(number_at(part));
    if (part.ends_with(';')) break;
  }
  SalvagedTransaction transaction{
      .xid = xid, .commit_lsn = 0, .committed_at = {}, .changes = {}, .counts = {}};
  for (auto& [file, count] : all) {
    if (count.schema == "understudy" || count.schema == "pg_catalog") continue;
    transaction.counts.push_back(std::move(count));
  }
  if (transaction.counts.empty()) return std::nullopt;
  const std::string_view position = behind(line, "lsn: ");
  transaction.commit_lsn = parse_wal_position(position.substr(0, position.find(','))).value_or(0);
  const std::string_view time = behind(description, "COMMIT ");
  transaction.committed_at = std::string(time.substr(0, time.find(';')));
  return transaction;
}

}  // namespace understudy
