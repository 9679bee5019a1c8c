#pragma once
// What a replay must know of a table of the database that it writes to; from its catalog.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "system/postgres.h"

namespace understudy {

struct SalvageColumn {
  std::string type;              ///< as SQL writes it
  bool generated = false;        ///< computed by the server, always
  std::string sequence;          ///< that numbers it, as SQL writes it; "" if none does
  bool always_identity = false;  ///< may be given at an insert only, and only by insisting
};

struct SalvageUnique {
  std::string name;
  std::vector<std::string> columns;
  std::string predicate;  ///< of a partial index; "true" else
  bool primary = false;
};

/// A column that holds the key of another table's row.
struct SalvageReference {
  std::string column;
  std::string table;  ///< "schema.table"
  std::string of;     ///< its column there
};

struct SalvageTable {
  std::string name;    ///< "schema.table", for people and as a key
  std::string quoted;  ///< as SQL writes it
  std::map<std::string, SalvageColumn> columns;
  std::vector<SalvageUnique> uniques;  ///< without those on expressions
  std::vector<SalvageReference> references;

  /// The column by which rows are numbered, if that is all of the primary key.
  [[nodiscard]] std::optional<std::string> serial_key() const;
};

[[nodiscard]] std::string quote_name(const std::string& name);

/// unchanged_final: there is no such table.
[[nodiscard]] Result<SalvageTable> read_table(postgres::Connection& session,
                                              const std::string& schema, const std::string& table,
                                              milliseconds timeout);

}  // namespace understudy
