#pragma once
// Brings what a failover lost into the active region's database, where nothing stands in its way.

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "local/salvage_file.h"
#include "local/salvage_table.h"
#include "system/postgres.h"

namespace understudy {

/// Why a change was not made, for a person to settle.
struct ReplayConflict {
  std::string change;       ///< "insert into public.orders"
  boost::json::object row;  ///< what the file has of it
  std::string why;
  std::string there;  ///< the row that stands in its way, as JSON; "" if none does
};

enum class ReplayOutcome : std::uint8_t { applied, already_there, conflict };

struct ReplayedTransaction {
  ReplayOutcome outcome = ReplayOutcome::applied;
  std::vector<std::string> notes;  ///< rows that got another number
  std::vector<ReplayConflict> conflicts;
};

/// Replays one file, transaction by transaction in its order; each is one transaction there, all of
/// it or nothing. A transaction that was replayed before is not again: understudy.salvaged says so.
/// One thread.
///
/// A row counts as changed on the new side if a transaction younger than the parting wrote it that
/// is no replay of this file.
class SalvageReplay {
 public:
  enum class Rehearse : bool { no, yes };

  /// `conninfo`: of a role that may write the tables and understudy.salvaged. With Rehearse::yes
  /// nothing remains in the end; its locks do until then.
  [[nodiscard]] static Result<SalvageReplay> open(const std::string& conninfo,
                                                  const SalvageHeader& header, Rehearse rehearse,
                                                  milliseconds timeout);

  /// Error: the replay cannot go on. unknown: this transaction may have been replayed; it is safe
  /// to begin anew.
  [[nodiscard]] Result<ReplayedTransaction> replay(const SalvagedTransaction& transaction);

 private:
  struct Change;
  using Renamed = std::map<std::string, std::map<std::string, std::string>>;

  SalvageReplay(postgres::Connection session, SalvageHeader header, Rehearse rehearse,
                milliseconds timeout)
      : session_(std::move(session)),
        header_(std::move(header)),
        rehearse_(rehearse),
        timeout_(timeout) {}

  [[nodiscard]] Result<bool> was_replayed(std::uint32_t xid);
  [[nodiscard]] Result<const SalvageTable*> table(const SalvagedChange& change);
  [[nodiscard]] Result<Done> make(const SalvagedTransaction& transaction,
                                  ReplayedTransaction& done);
  /// Of one change; a conflict is noted in `done`.
  [[nodiscard]] Result<Done> make(Change& change, ReplayedTransaction& done);
  [[nodiscard]] Result<Done> insert(Change& change, ReplayedTransaction& done);
  [[nodiscard]] Result<Done> update_or_delete(Change& change, ReplayedTransaction& done);
  [[nodiscard]] Result<Done> pass_number(const Change& change, const std::string& column);
  [[nodiscard]] Result<std::string> in_the_way(const Change& change, const SalvageUnique& unique,
                                               bool& same);
  [[nodiscard]] Result<Done> write(const Change& change, ReplayedTransaction& done,
                                   const std::string& sql, const postgres::Parameters& parameters,
                                   const std::string& returning);
  void rename(const std::string& key, const std::string& from, const std::string& to);
  void apply_renames(Change& change) const;
  [[nodiscard]] Result<Done> settle(const SalvagedTransaction& transaction);
  [[nodiscard]] Result<postgres::Rows> run(const std::string& sql,
                                           const postgres::Parameters& parameters = {}) {
    return session_.run(sql, parameters, timeout_);
  }

  postgres::Connection session_;
  SalvageHeader header_;
  Rehearse rehearse_;
  milliseconds timeout_;
  std::map<std::string, SalvageTable> tables_;
  Renamed renamed_;      ///< "schema.table.column": number in the file, number there
  Renamed renamed_now_;  ///< by the transaction under way
};

}  // namespace understudy
