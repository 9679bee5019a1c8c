#pragma once
// The outbox and the messages' claims in the database: what api-worker has to do.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"
#include "ticket.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// How long to wait after the `failures`-th failure (1, 2, ...): a second, doubling up to a quarter
/// of an hour. None after the 20th, some three hours after the first: it is a dead letter.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(std::int64_t failures);

/// A row of the outbox that is ours until its lease ends.
struct Job {
  std::int64_t id = 0;
  std::string kind;
  std::int64_t failures = 0;  ///< so far
  std::string lease;          ///< the name of the claim
  Ticket ticket;
};

/// A message to be claimed, by order and medium ("mail", "text").
struct MessageClaim {
  std::int64_t order = 0;
  std::string medium;
  std::string message_id;
  std::string outcome;  ///< claimed, sent or sending, as claim_mails has it; "": not asked yet
};

/// What became of a job's messages; a medium in neither list may or may not have been sent.
struct Sendings {
  std::vector<std::string> sent;
  std::vector<std::string> not_sent;
};

/// Thread-safe. Every write is checked against the epoch row in its own transaction, and so does
/// nothing in a database that belongs to another epoch or region. Errors as DatabasePool::run.
class Outbox {
 public:
  Outbox(DatabasePool& pool, std::string region) : pool_(pool), region_(std::move(region)) {}

  /// At most `most` rows that are due; committed when this returns.
  [[nodiscard]] Result<std::vector<Job>> claim(std::size_t most, std::chrono::seconds lease,
                                               const Permission& permission);
  /// The same claims with their outcomes, and the place in the log that has them all.
  struct Claimed {
    std::vector<MessageClaim> messages;
    std::string log_position;
  };
  [[nodiscard]] Result<Claimed> claim_messages(const std::vector<MessageClaim>& messages,
                                               const Permission& permission);
  /// Has the standby made the log durable up to there? No, if none is streaming.
  [[nodiscard]] Result<bool> standby_has(const std::string& log_position);

  /// All done. False: the claim was over, or the database is another epoch's.
  [[nodiscard]] Result<bool> finish(const Job& job, const Sendings& sendings,
                                    const Permission& permission);
  /// Failed, and due again after `wait`; without one it is a dead letter.
  [[nodiscard]] Result<bool> fail(const Job& job, const Sendings& sendings,
                                  const std::string& error,
                                  std::optional<std::chrono::seconds> wait,
                                  const Permission& permission);
  /// Not its time yet: due again after `wait`, which is no failure.
  [[nodiscard]] Result<bool> put_back(const Job& job, const Sendings& sendings,
                                      std::chrono::seconds wait, const Permission& permission);

  /// A JSON object: messages that were claimed and never confirmed, their number and the oldest.
  [[nodiscard]] Result<std::string> unsent();

 private:
  DatabasePool& pool_;
  const std::string region_;
};

}  // namespace understudy::boxoffice
