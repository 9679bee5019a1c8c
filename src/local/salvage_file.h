#pragma once
// The file of what a failover lost: one JSON object a line, a header and then one a transaction, in
// the order of their commits. Every value of a row is PostgreSQL's text of it, or null.

#include <boost/json/object.hpp>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/database.h"

namespace understudy {

struct SalvageHeader {
  std::string platform;
  std::string region;           ///< whose database had it
  std::uint64_t epoch = 0;      ///< that in which the other region was made active
  WalPosition diverged_at = 0;  ///< where the histories part
  std::uint64_t timeline = 0;   ///< the old one
  std::string method;           ///< "logical-decoding" or "waldump"
  std::string database;         ///< its name
  /// Rows of the other region's database by transactions from this one on are younger than the
  /// parting; 0: not known.
  std::uint32_t first_new_xid = 0;
  WallTime made_at{};
};

/// Where a region's salvage is: below its folder, only its user's.
[[nodiscard]] std::string salvage_folder(const std::string& region_folder);
[[nodiscard]] std::string salvage_path(const std::string& region_folder, std::uint64_t epoch);

/// Writes one, of any length; readers see none of it before finish().
class SalvageWriter {
 public:
  /// Makes its folder.
  [[nodiscard]] static Result<SalvageWriter> create(const std::string& path,
                                                    const SalvageHeader& header);
  SalvageWriter(SalvageWriter&&) noexcept = default;
  SalvageWriter& operator=(SalvageWriter&&) = delete;
  ~SalvageWriter();

  void add(const boost::json::object& transaction);
  /// Makes it durable under its name. unchanged_retry: it could not be written.
  [[nodiscard]] Result<Done> finish();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  SalvageWriter(std::string path, std::string draft, std::unique_ptr<std::FILE, Closer> file)
      : path_(std::move(path)), draft_(std::move(draft)), file_(std::move(file)) {}
  void line(const boost::json::object& object);

  std::string path_;
  std::string draft_;
  std::unique_ptr<std::FILE, Closer> file_;
  bool failed_ = false;
};

/// A row that was changed.
struct SalvagedChange {
  std::string op;  ///< "insert", "update", "delete" or "truncate"
  std::string schema;
  std::string table;
  boost::json::object key;     ///< of its replica identity, before; empty if it has none
  boost::json::object values;  ///< of an insert or update: its columns after
};
/// How many rows of a table a transaction touched, where nobody can say which (method "waldump").
struct SalvagedCount {
  std::string schema;
  std::string table;
  std::uint64_t inserts = 0;
  std::uint64_t updates = 0;
  std::uint64_t deletes = 0;
};
struct SalvagedTransaction {
  std::uint32_t xid = 0;
  WalPosition commit_lsn = 0;
  std::string committed_at;
  std::vector<SalvagedChange> changes;
  std::vector<SalvagedCount> counts;
};
[[nodiscard]] boost::json::object to_json(const SalvagedTransaction& transaction);

/// Reads one, a transaction at a time.
class SalvageReader {
 public:
  /// unchanged_final: there is none, or it is none of ours.
  [[nodiscard]] static Result<SalvageReader> open(const std::string& path);
  [[nodiscard]] const SalvageHeader& header() const { return header_; }
  /// None: that was the last.
  [[nodiscard]] Result<std::optional<SalvagedTransaction>> next();

 private:
  explicit SalvageReader(std::string path) : path_(std::move(path)), lines_(path_) {}
  std::string path_;
  std::ifstream lines_;
  std::uint64_t line_ = 0;
  SalvageHeader header_;
};

}  // namespace understudy
