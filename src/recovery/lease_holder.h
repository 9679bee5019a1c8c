#pragma once
// The active region's side of the writer lease: what may go onto the page, and when it comes off.

#include <optional>
#include <string>

#include "ports/agent_store.h"
#include "ports/clock.h"
#include "ports/page.h"
#include "ports/registry.h"
#include "recovery/guards.h"
#include "topology/topology.h"

namespace understudy {

/// Keeps the promises of one region's agent (rules R2, R3, R12, R17, R18, R21).
///
/// Holding an open page means that until its deadline nobody else may be promoted. It does not mean
/// that the database is up. Not thread-safe: its owner guards it with one lock.
///
/// The counters in state() must be made durable by the owner where a method says so.
class LeaseHolder {
 public:
  /// Requires: `state` is this region's durable state; R6 has been applied to a fresh one.
  LeaseHolder(std::string region, LeaseTiming timing, AgentState state, std::uint64_t incarnation,
              Page& page, Guards guards = {});

  /// What a record read from the registry tells. Closes the page at once if the region is no longer
  /// active, or its term is revoked or over. False: the record is older than one already seen (R7)
  /// and nothing was taken from it. True: state() may have grown.
  bool see(const Record& record);

  /// The next renewal to send, if this region may renew on that record; from now on only its answer
  /// counts. Requires: see(record) was true, and state() is durable.
  [[nodiscard]] std::optional<Record> ask(const Record& record, const std::string& nonce,
                                          BootTime now, WallTime now_wall);

  /// The registry applied the renewal. `now`: when the answer came, from which nothing is counted.
  /// Opens the page, unless it was dropped in the meantime. True if the page is now open by it.
  bool granted(const Record& answer, BootTime now, WallTime now_wall);

  /// The number of the request for an extension to send to the second grantor now (R4), if this
  /// region may ask for one on the newest record it saw. From now on only its answer counts.
  [[nodiscard]] std::optional<std::uint64_t> ask_other(const Record& record, BootTime now,
                                                       WallTime now_wall);
  /// The second grantor promised. Opens the page, or moves its deadline, unless the request was
  /// dropped in the meantime. True if the page is now open by it.
  bool extended(std::uint64_t request, BootTime now, WallTime now_wall);

  /// R17: the number of the request for the extension that an attach begins with; none while this
  /// region's lease is not endless, or a transition is under way.
  [[nodiscard]] std::optional<std::uint64_t> ask_to_attach(const Record& record, BootTime now,
                                                           WallTime now_wall);
  /// The second grantor promised. Takes the endless page back to that promise, lets no outstanding
  /// answer count any more, and gives back the change to send: none if the request was dropped or
  /// the record moved on in the meantime. Whatever comes back, only a renewal asked after this
  /// makes the page endless again (R18).
  [[nodiscard]] std::optional<Record> attach(std::uint64_t request, const Record& record,
                                             const std::string& standby, const std::string& nonce);

  /// As second grantor: no extension in this term or an earlier one any more. The owner makes
  /// state() durable before it says so.
  void revoke(std::uint64_t term);
  [[nodiscard]] bool is_revoked(std::uint64_t term) const {
    return term <= state_.revoked_term && guards_.has(Guard::revoked_term_kept);
  }

  /// No answer to a renewal that was asked of the registry will count any more.
  void drop_renewal() { renewal_.reset(); }

  /// R12, first half: nothing of this term or an earlier one opens the page again. False: an order
  /// of a term below our own, which is ignored. The owner makes state() durable, then calls
  /// close().
  [[nodiscard]] bool fence(std::uint64_t term);
  void close() { page_.close(); }

  /// May a write be acknowledged now? By both clocks.
  [[nodiscard]] bool writable(BootTime now, WallTime now_wall) const;
  /// How long yet; zero when not writable, Duration::max() when endless.
  [[nodiscard]] Duration rest(BootTime now, WallTime now_wall) const;

  [[nodiscard]] const AgentState& state() const { return state_; }
  /// The database is about to be promoted for that epoch. The owner makes state() durable first.
  void ordered(std::uint64_t epoch);
  /// Raises the highest epoch obeyed.
  void obeyed(std::uint64_t epoch);

 private:
  /// What was asked of a grantor; `nonce` names it.
  struct Outstanding {
    std::string nonce;
    std::uint64_t term;
    BootTime asked;
    WallTime asked_wall;
  };

  /// May this region ask a grantor for anything in the record's term?
  [[nodiscard]] bool may_ask(const Record& record) const;
  /// Remembers a request to the second grantor; its number.
  std::uint64_t ask_second(const Record& record, BootTime now, WallTime now_wall);
  [[nodiscard]] bool may_attach(const Record& record) const;
  /// What a careless holder would do on a mere read (R18).
  void make_endless(const Record& record);
  /// Of either grantor.
  void drop_outstanding();
  /// Puts a grant on the page. False: its term is fenced off.
  bool open_page(const Outstanding& asked, BootTime now, WallTime now_wall, Promise promise);

  [[nodiscard]] bool fenced_in(std::uint64_t term) const {
    return term <= state_.fenced_term && guards_.has(Guard::fenced_term_stays_shut);
  }

  const std::string region_;
  const LeaseTiming timing_;
  AgentState state_;
  const std::uint64_t incarnation_;
  Page& page_;
  const Guards guards_;
  std::optional<Outstanding> renewal_;    // asked of the registry
  std::optional<Outstanding> extension_;  // asked of the second grantor
  std::uint64_t extensions_asked_ = 0;
  std::uint64_t extension_epoch_ = 0;
  std::uint64_t serial_ = 0;  // of the last renewal
};

}  // namespace understudy
