#pragma once
// pg_waldump's lines, read for what can be told without decoding rows. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "local/salvage_file.h"

namespace understudy {

/// A table by the file that its rows are in.
struct RelationName {
  std::string schema;
  std::string table;
};
using RelationNames = std::map<std::uint32_t, RelationName>;

class WaldumpReader {
 public:
  /// Tells tables of that database; those that `names` does not have, by their file's number.
  WaldumpReader(std::uint32_t database, RelationNames names)
      : database_(database), names_(std::move(names)) {}

  /// The transaction that this line commits, if it commits one that touched a table.
  [[nodiscard]] std::optional<SalvagedTransaction> take(std::string_view line);

  /// The least that the next transaction's number can be after all lines so far; 0: not known.
  [[nodiscard]] std::uint32_t next_xid() const { return next_xid_; }

 private:
  using Rows = std::map<std::uint32_t, SalvagedCount>;
  void count(std::string_view line, std::string_view description, std::uint32_t xid);
  [[nodiscard]] std::optional<SalvagedTransaction> commit(std::string_view line,
                                                          std::string_view description,
                                                          std::uint32_t xid);

  std::uint32_t database_;
  RelationNames names_;
  std::map<std::uint32_t, Rows> open_;
  std::uint32_t next_xid_ = 0;
};

}  // namespace understudy
