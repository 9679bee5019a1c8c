#pragma once
// wal2json's format 2, line by line, as transactions. Pure.

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "local/salvage_file.h"

namespace understudy {

/// The options under which it writes what Wal2JsonReader reads, as SQL arguments.
inline constexpr const char* kWal2JsonOptions =
    "'format-version', '2', 'include-xids', '1', 'include-timestamp', '1', 'include-lsn', '1', "
    "'include-types', '1', 'filter-tables', 'understudy.*'";

class Wal2JsonReader {
 public:
  /// The transaction that this line ends, if it ends one.
  [[nodiscard]] Result<std::optional<SalvagedTransaction>> take(const std::string& line);

 private:
  SalvagedTransaction open_;
};

}  // namespace understudy
