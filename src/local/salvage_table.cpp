#include "local/salvage_table.h"

#include <sstream>

namespace understudy {

namespace {

constexpr const char* kColumns = R"(
  SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', a.attidentity = 'a',
         COALESCE(pg_get_serial_sequence($1, a.attname), '')
    FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped)";

// One row a column, in the index's order.
constexpr const char* kUniques = R"(
  SELECT c.relname, a.attname, COALESCE(pg_get_expr(i.indpred, i.indrelid), 'true'), i.indisprimary
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid,
         unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, at)
         JOIN pg_attribute a ON a.attnum = k.attnum
   WHERE i.indrelid = $1::regclass AND a.attrelid = i.indrelid AND i.indisunique AND i.indisvalid
     AND i.indexprs IS NULL AND k.at <= i.indnkeyatts
   ORDER BY i.indisprimary DESC, c.relname, k.at)";

constexpr const char* kReferences = R"(
  SELECT a.attname, n.nspname || '.' || t.relname, b.attname
    FROM pg_constraint f, unnest(f.conkey, f.confkey) AS k (ours, theirs), pg_attribute a,
         pg_attribute b, pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
   WHERE f.contype = 'f' AND f.conrelid = $1::regclass AND t.oid = f.confrelid
     AND a.attrelid = f.conrelid AND a.attnum = k.ours AND b.attrelid = f.confrelid AND b.attnum = k.theirs)";

}  // namespace

std::optional<std::string> SalvageTable::serial_key() const {
  for (const SalvageUnique& unique : uniques) {
    if (!unique.primary || unique.columns.size() != 1) continue;
    const auto column = columns.find(unique.columns[0]);
    if (column != columns.end() && !column->second.sequence.empty()) return column->first;
  }
  return std::nullopt;
}

std::string quote_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

Result<SalvageTable> read_table(postgres::Connection& session, const std::string& schema,
                                const std::string& table, milliseconds timeout) {
  SalvageTable read{.name = schema + "." + table,
                    .quoted = quote_name(schema) + "." + quote_name(table)};
  auto columns = session.run(kColumns, {read.quoted}, timeout);
  if (!columns) return columns.error();
  for (std::size_t row = 0; row < columns->size(); ++row) {
    read.columns[columns->at(row, 0)] = {.type = columns->at(row, 1),
                                         .generated = columns->at(row, 2) == "t",
                                         .sequence = columns->at(row, 4),
                                         .always_identity = columns->at(row, 3) == "t"};
  }
  auto uniques = session.run(kUniques, {read.quoted}, timeout);
  if (!uniques) return uniques.error();
  for (std::size_t row = 0; row < uniques->size(); ++row) {
    if (read.uniques.empty() || read.uniques.back().name != uniques->at(row, 0)) {
      read.uniques.push_back({.name = uniques->at(row, 0),
                              .columns = {},
                              .predicate = uniques->at(row, 2),
                              .primary = uniques->at(row, 3) == "t"});
    }
    read.uniques.back().columns.push_back(uniques->at(row, 1));
  }
  auto references = session.run(kReferences, {read.quoted}, timeout);
  if (!references) return references.error();
  for (std::size_t row = 0; row < references->size(); ++row)
    read.references.push_back(
        {references->at(row, 0), references->at(row, 1), references->at(row, 2)});
  return read;
}

}  // namespace understudy
