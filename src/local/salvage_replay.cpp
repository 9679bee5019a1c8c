#include "local/salvage_replay.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

namespace understudy {

namespace json = boost::json;

namespace {

/// How many numbers are passed over, so that a row can keep its own.
constexpr std::int64_t kPassMax = 100'000;

std::optional<std::string> text_of(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return json::value_to<std::string>(value);
}

/// A list of SQL pieces with their parameters, "$1::bigint" and so on.
class Pieces {
 public:
  explicit Pieces(const SalvageTable& table) : table_(table) {}
  std::string value(const std::string& column, const json::value& value) {
    parameters_.push_back(text_of(value));
    return fmt::format("${}::{}", parameters_.size(), table_.columns.at(column).type);
  }
  [[nodiscard]] const postgres::Parameters& parameters() const { return parameters_; }

 private:
  const SalvageTable& table_;
  postgres::Parameters parameters_;
};

/// The server said that the change cannot stand beside what is there.
bool is_conflict(const postgres::Connection& session, const Error& error) {
  return error.after == After::unchanged_final && session.sqlstate().starts_with("23");
}

}  // namespace

/// A change on its way: its rows under the numbers that they have there.
struct SalvageReplay::Change {
  const SalvageTable* table;
  std::string op;
  json::object key;
  json::object values;
  bool write = true;  ///< false: a conflict was found before, and nothing is written any more

  [[nodiscard]] std::string words() const {
    if (op == "insert") return "insert into " + table->name;
    return op == "delete" ? "delete from " + table->name : op + " " + table->name;
  }
  [[nodiscard]] ReplayConflict conflict(const std::string& why, const std::string& there) const {
    json::object row = key;
    for (const auto& [name, value] : values) row[name] = value;
    return {.change = words(), .row = std::move(row), .why = why, .there = there};
  }
  /// Its table and primary key.
  [[nodiscard]] std::string row_name() const {
    std::map<std::string, std::string> columns;
    for (const SalvageUnique& unique : table->uniques) {
      if (!unique.primary) continue;
      for (const std::string& column : unique.columns) {
        const json::object& row = key.contains(column) ? key : values;
        if (row.contains(column)) columns[column] = json::serialize(row.at(column));
      }
    }
    std::string name = table->name;
    for (const auto& [column, value] : columns) name += " " + column + "=" + value;
    return name;
  }
  /// "t.a::text IS NOT DISTINCT FROM ..." of all its values.
  [[nodiscard]] std::string same_values(Pieces& pieces) const {
    std::string same = "true";
    for (const auto& [name, value] : values)
      same += fmt::format(" AND t.{}::text IS NOT DISTINCT FROM ({})::text",
                          quote_name(std::string(name)), pieces.value(name, value));
    return same;
  }
};

Result<SalvageReplay> SalvageReplay::open(const std::string& conninfo, const SalvageHeader& header,
                                          Rehearse rehearse, milliseconds timeout) {
  if (header.method != "logical-decoding" || header.first_new_xid == 0) {
    return Error{After::unchanged_final,
                 "the file counts rows (" + header.method + ") and does not hold them"};
  }
  auto session = postgres::Connection::open(conninfo, timeout);
  if (!session) return session.error();
  auto set = session->run_script("SET lock_timeout = '2s'", timeout);
  if (!set) return set.error();
  auto tracks = session->run(
      "SELECT current_setting('track_commit_timestamp'), pg_is_in_recovery()", {}, timeout);
  if (!tracks) return tracks.error();
  if (tracks->at(0, 0) != "on" || tracks->at(0, 1) != "f")
    return Error{After::unchanged_final, "not a primary with track_commit_timestamp"};
  SalvageReplay replay(std::move(*session), header, rehearse, timeout);
  auto before = replay.run("SELECT renamed FROM understudy.salvaged WHERE epoch = $1",
                           {std::to_string(header.epoch)});
  if (!before) return before.error();
  for (const auto& row : before->rows) {
    const json::value renamed = json::parse(row[0].value_or("{}"));
    for (const auto& [key, numbers] : renamed.as_object()) {
      for (const auto& [from, to] : numbers.as_object())
        replay.renamed_[key][from] = json::value_to<std::string>(to);
    }
  }
  if (rehearse == Rehearse::yes) {
    auto begun = replay.run("BEGIN");
    if (!begun) return begun.error();
  }
  return replay;
}

Result<bool> SalvageReplay::was_replayed(std::uint32_t xid) {
  auto found = run("SELECT FROM understudy.salvaged WHERE epoch = $1 AND xid = $2",
                   {std::to_string(header_.epoch), std::to_string(xid)});
  if (!found) return found.error();
  return !found->empty();
}

Result<ReplayedTransaction> SalvageReplay::replay(const SalvagedTransaction& transaction) {
  auto before = was_replayed(transaction.xid);
  if (!before) return before.error();
  ReplayedTransaction done;
  if (*before) {
    done.outcome = ReplayOutcome::already_there;
    return done;
  }
  auto begun = run(rehearse_ == Rehearse::yes ? "SAVEPOINT one" : "BEGIN");
  if (!begun) return begun.error();
  renamed_now_.clear();
  auto made = make(transaction, done);
  if (made && done.conflicts.empty()) made = settle(transaction);
  if (made && done.conflicts.empty()) {
    for (auto& [key, numbers] : renamed_now_) renamed_[key].merge(numbers);
    return done;
  }
  done.outcome = ReplayOutcome::conflict;
  auto undone = run(rehearse_ == Rehearse::yes ? "ROLLBACK TO one" : "ROLLBACK");
  if (!made) return made.error();
  if (!undone) return undone.error();
  return done;
}

Result<Done> SalvageReplay::settle(const SalvagedTransaction& transaction) {
  json::object renamed;
  for (const auto& [key, numbers] : renamed_now_) {
    json::object& of_key = renamed[key].emplace_object();
    for (const auto& [from, to] : numbers) of_key[from] = to;
  }
  auto noted = run(
      "INSERT INTO understudy.salvaged (epoch, xid, replayed_as, renamed) VALUES ($1, $2, "
      "pg_current_xact_id()::xid, $3::jsonb)",
      {std::to_string(header_.epoch), std::to_string(transaction.xid), json::serialize(renamed)});
  if (!noted) return noted.error();
  auto kept = run(rehearse_ == Rehearse::yes ? "RELEASE SAVEPOINT one" : "COMMIT");
  if (!kept) return kept.error();
  return Done{};
}

Result<const SalvageTable*> SalvageReplay::table(const SalvagedChange& change) {
  const std::string name = change.schema + "." + change.table;
  auto known = tables_.find(name);
  if (known == tables_.end()) {
    auto read = read_table(session_, change.schema, change.table, timeout_);
    if (!read) return read.error();
    known = tables_.emplace(name, std::move(*read)).first;
  }
  return &known->second;
}

Result<Done> SalvageReplay::make(const SalvagedTransaction& transaction,
                                 ReplayedTransaction& done) {
  std::set<std::string> touched;  // rows, by table and key, that an earlier change was to change
  for (const SalvagedChange& raw : transaction.changes) {
    auto shape = table(raw);
    if (!shape) return shape.error();
    Change change{*shape, raw.op, raw.key, raw.values, done.conflicts.empty()};
    apply_renames(change);
    for (const auto* row : {&change.key, &change.values}) {
      for (const auto& [name, value] : *row) {
        if ((*shape)->columns.contains(name)) continue;
        done.conflicts.push_back(change.conflict("there is no column " + std::string(name), ""));
        return Done{};
      }
    }
    const std::string row = change.row_name();
    const bool unsure = !change.write && (touched.contains(row) || change.key.empty());
    touched.insert(row);
    // What an earlier change was not made for cannot be judged.
    if (unsure && change.op != "insert") continue;
    if (auto made = make(change, done); !made) return made;
    if (session_.sqlstate().starts_with("23")) return Done{};  // the server ended the transaction
  }
  return Done{};
}

Result<Done> SalvageReplay::make(Change& change, ReplayedTransaction& done) {
  if (change.op == "insert") return insert(change, done);
  if (change.op == "update" || change.op == "delete") {
    if (!change.key.empty()) return update_or_delete(change, done);
    done.conflicts.push_back(change.conflict("the table has no key to find the row by", ""));
    return Done{};
  }
  done.conflicts.push_back(change.conflict("what emptied a table is never replayed", ""));
  return Done{};
}

void SalvageReplay::apply_renames(Change& change) const {
  const auto renamed = [this](const std::string& key, json::object& row, const std::string& name) {
    auto* value = row.if_contains(name);
    if (value == nullptr || !value->is_string()) return;
    for (const Renamed* all : {&renamed_now_, &renamed_}) {
      const auto numbers = all->find(key);
      if (numbers == all->end()) continue;
      const auto number = numbers->second.find(json::value_to<std::string>(*value));
      if (number == numbers->second.end()) continue;
      *value = number->second;
      return;
    }
  };
  const auto serial = change.table->serial_key();
  for (json::object* row : {&change.key, &change.values}) {
    if (serial && change.op != "insert") renamed(change.table->name + "." + *serial, *row, *serial);
    for (const SalvageReference& reference : change.table->references)
      renamed(reference.table + "." + reference.of, *row, reference.column);
  }
}

void SalvageReplay::rename(const std::string& key, const std::string& from, const std::string& to) {
  renamed_now_[key][from] = to;
}

/// The row that has what `unique` allows only once; "" if none has. `same`: it is the very row.
Result<std::string> SalvageReplay::in_the_way(const Change& change, const SalvageUnique& unique,
                                              bool& same) {
  Pieces pieces(*change.table);
  std::string proposed;
  for (const auto& [name, value] : change.values)
    proposed += fmt::format("{}{} AS {}", proposed.empty() ? "" : ", ", pieces.value(name, value),
                            quote_name(std::string(name)));
  std::string equal = "true";
  for (const std::string& column : unique.columns) {
    if (!change.values.contains(column)) return std::string();
    equal += fmt::format(" AND t.{0} = wanted.{0}", quote_name(column));
  }
  const std::string same_values = change.same_values(pieces);
  auto found =
      run(fmt::format("WITH wanted AS (SELECT * FROM (SELECT {}) AS proposed WHERE {}) "
                      "SELECT to_jsonb(t)::text, {} FROM (SELECT * FROM {} WHERE {}) AS t, wanted "
                      "WHERE {} LIMIT 1",
                      proposed, unique.predicate, same_values, change.table->quoted,
                      unique.predicate, equal),
          pieces.parameters());
  if (!found) return found.error();
  if (found->empty()) return std::string();
  same = found->at(0, 1) == "t";
  return found->at(0, 0);
}

Result<Done> SalvageReplay::insert(Change& change, ReplayedTransaction& done) {
  const auto serial = change.table->serial_key();
  bool renumber = false;
  for (const SalvageUnique& unique : change.table->uniques) {
    bool same = false;
    auto there = in_the_way(change, unique, same);
    if (!there) return there.error();
    if (there->empty()) continue;
    if (same) return Done{};
    if (unique.primary && serial) {  // a number, that the other side has given to another row
      renumber = true;
      continue;
    }
    done.conflicts.push_back(change.conflict("taken, by unique index " + unique.name, *there));
    return Done{};
  }
  if (!change.write) return Done{};
  if (serial && !renumber) {
    if (auto passed = pass_number(change, *serial); !passed) return passed;
  }
  Pieces pieces(*change.table);
  std::string names;
  std::string values;
  for (const auto& [name, value] : change.values) {
    if (change.table->columns.at(name).generated || (renumber && name == *serial)) continue;
    names += (names.empty() ? "" : ", ") + quote_name(std::string(name));
    values += (values.empty() ? "" : ", ") + pieces.value(name, value);
  }
  return write(
      change, done,
      fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}){}", change.table->quoted,
                  names, values, renumber ? " RETURNING " + quote_name(*serial) : ""),
      pieces.parameters(), renumber ? *serial : "");
}

/// So that the number which the row keeps is never given again. Forwards only, whoever else draws.
Result<Done> SalvageReplay::pass_number(const Change& change, const std::string& column) {
  const std::string& sequence = change.table->columns.at(column).sequence;
  if (rehearse_ == Rehearse::yes || !change.values.contains(column)) return Done{};
  auto behind = run(
      fmt::format("SELECT $1::bigint - CASE WHEN is_called THEN last_value ELSE last_value - 1 END "
                  "FROM {}",
                  sequence),
      {text_of(change.values.at(column))});
  if (!behind) return behind.error();
  const std::int64_t numbers = behind->number(0, 0);
  if (numbers <= 0) return Done{};
  if (numbers > kPassMax)
    return Error{After::unchanged_final, fmt::format("{} is {} numbers behind", sequence, numbers)};
  auto passed = run("SELECT count(nextval($1::regclass)) FROM generate_series(1, $2::bigint)",
                    {sequence, std::to_string(numbers)});
  if (!passed) return passed.error();
  return Done{};
}

Result<Done> SalvageReplay::update_or_delete(Change& change, ReplayedTransaction& done) {
  Pieces pieces(*change.table);
  std::string where = "true";
  for (const auto& [name, value] : change.key)
    where +=
        fmt::format(" AND t.{} = {}", quote_name(std::string(name)), pieces.value(name, value));
  const postgres::Parameters of_key = pieces.parameters();
  const std::string same = change.same_values(pieces);
  // What is not committed and yet seen is this very transaction's.
  auto found = run(
      fmt::format(
          "SELECT to_jsonb(t)::text, {}, age(t.xmin) <= age('{}'::xid) AND "
          "pg_xact_commit_timestamp(t.xmin) IS NOT NULL AND t.xmin NOT IN (SELECT replayed_as FROM "
          "understudy.salvaged WHERE epoch = {}) FROM {} AS t WHERE {} FOR UPDATE",
          same, header_.first_new_xid, header_.epoch, change.table->quoted, where),
      pieces.parameters());
  if (!found) return found.error();
  if (found->empty()) {
    done.conflicts.push_back(change.conflict("there is no such row", ""));
    return Done{};
  }
  if (change.op == "update" && found->at(0, 1) == "t") return Done{};
  if (found->at(0, 2) == "t") {
    done.conflicts.push_back(
        change.conflict("the row was changed after the failover", found->at(0, 0)));
    return Done{};
  }
  if (!change.write) return Done{};
  if (change.op == "delete")
    return write(change, done,
                 fmt::format("DELETE FROM {} AS t WHERE {}", change.table->quoted, where), of_key,
                 "");
  Pieces set_pieces(*change.table);
  std::string set;
  where = "true";
  for (const auto& [name, value] : change.values) {
    const SalvageColumn& column = change.table->columns.at(name);
    if (column.generated || column.always_identity) continue;
    set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", quote_name(std::string(name)),
                       set_pieces.value(name, value));
  }
  for (const auto& [name, value] : change.key)
    where +=
        fmt::format(" AND t.{} = {}", quote_name(std::string(name)), set_pieces.value(name, value));
  if (set.empty()) return Done{};
  return write(change, done,
               fmt::format("UPDATE {} AS t SET {} WHERE {}", change.table->quoted, set, where),
               set_pieces.parameters(), "");
}

Result<Done> SalvageReplay::write(const Change& change, ReplayedTransaction& done,
                                  const std::string& sql, const postgres::Parameters& parameters,
                                  const std::string& returning) {
  auto written = run(sql, parameters);
  if (!written && is_conflict(session_, written.error())) {
    done.conflicts.push_back(change.conflict(written.error().what, ""));
    return Done{};
  }
  if (!written) return written.error();
  if (returning.empty()) return Done{};
  const std::string from = text_of(change.values.at(returning)).value_or("");
  rename(change.table->name + "." + returning, from, written->at(0, 0));
  done.notes.push_back(fmt::format("{}: {} {} is {} there, since that number was given again",
                                   change.table->name, returning, from, written->at(0, 0)));
  return Done{};
}

}  // namespace understudy
