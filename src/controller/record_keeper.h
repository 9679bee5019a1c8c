#pragma once
// Writes the incident record of each execution that has ended, once, each naming the one before.

#include <atomic>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/journal.h"
#include "record/build.h"
#include "record/signature.h"
#include "recovery/steps/step.h"

namespace understudy {

/// What a record is made of besides the journal, and where it goes.
struct RecordSources {
  std::string folder;           ///< "<execution>.record.jsonl" in it; made if need be
  record::Signer signer;        ///< the controller's
  boost::json::value settings;  ///< the topology as JSON
  std::string program;          ///< version
  /// Of the program's file. Asked when there is a record to be written: it takes a moment, and a
  /// controller that starts may have a failover to go on with.
  std::function<std::string()> program_sha256;
  std::vector<std::string> secrets;  ///< of the stack: none may be told
  /// The wide events since then, oldest first.
  std::function<Result<std::vector<boost::json::object>>(WallTime since)> events;
};

/// One task. The journal keeps which records there are and what they hash to, before the file is
/// written: a crash between the two leaves a record whose place is taken and whose bytes follow
/// from the journal. A file that is there is never written again.
class RecordKeeper {
 public:
  /// World and journal outlive it.
  RecordKeeper(Orchestration& world, Journal& journal, RecordSources sources);

  /// Writes what is missing, then and whenever note_ended() says that there is more. What cannot be
  /// written is told, and tried again.
  void start();
  void note_ended() { wake_->notify(); }
  void stop();

  /// Writes what is missing, in order. Not beside start(). Error: the first that could not be.
  [[nodiscard]] Result<Done> catch_up();

 private:
  struct Kept {
    std::string execution;
    std::string hash;
    WallTime ended{};
  };
  using Shelf = std::vector<Kept>;  ///< by number, from 1

  [[nodiscard]] Result<Shelf> read_shelf() const;
  [[nodiscard]] Result<Done> write_shelf(const Shelf& shelf);
  [[nodiscard]] std::string file_of(const std::string& execution) const;
  /// None while it runs.
  [[nodiscard]] Result<std::optional<record::Material>> material_of(const ExecutionEntry& entry,
                                                                    const Shelf& shelf,
                                                                    std::size_t place) const;
  [[nodiscard]] Result<Done> restore(Shelf& shelf, std::size_t place,
                                     const std::vector<ExecutionEntry>& entries);
  [[nodiscard]] Result<Done> add(Shelf& shelf, const ExecutionEntry& entry);
  [[nodiscard]] Result<Done> write(const record::Chain& chain, const Kept& kept,
                                   std::uint64_t number);
  void check_files(const Shelf& shelf);
  void tell_damaged(const std::string& execution, const std::string& what);

  Orchestration& world_;
  Journal& journal_;
  const RecordSources sources_;
  std::unique_ptr<Signal> wake_;
  std::atomic<bool> stopped_{false};
  bool files_checked_ = false;  // by the task alone
};

}  // namespace understudy
