#pragma once
// The protections that the promises rest on, each with a switch, so that the simulator can show
// what breaks without it. In the product all of them are on, and nothing there can take one off.

#include <cstdint>

namespace understudy {

namespace simulation {
class Saboteur;
}

enum class Guard : std::uint8_t {
  // The database and the services; in the simulator, its stand-ins for understudy_fence and
  // boxoffice.
  page_judged_at_commit,    ///< R1
  page_judged_at_answer,    ///< R1: and once more before the answer leaves
  page_judged_by_services,  ///< by services, before they acknowledge
  cron_commits_claims,      ///< R1: each unit of cron's work begins with a committed claim
  epoch_row_checked,        ///< the write path compares the epoch row with the page
  page_ends_with_boot,      ///< section 2: a page of another boot means no writes
  boot_clock_ends_page,     ///< section 2: boot time ends a lease,
  wall_clock_ends_page,     ///< and so does wall time, whichever passes first
  // The registry.
  compare_and_swap,     ///< R9: a change needs the version that it was built on
  rules_of_the_record,  ///< it refuses a change that breaks a rule
  // The agent.
  deadline_from_request,   ///< R2: the lease counts from the request, not from the answer
  outstanding_dropped,     ///< R12: a fence drops the renewal that is under way
  fenced_term_stays_shut,  ///< R2: no grant of a fenced term opens the page
  page_closed_when_told,   ///< R3: at once, when the record says revoked
  page_closed_by_fence,    ///< R12: before the fence is acknowledged
  revocation_binds,        ///< R3: nothing is renewed in a revoked term
  old_fence_refused,       ///< R12: a fence of a term below its own
  promotion_asks_record,   ///< R14: promote only what the record asks for
  // The agent of an endless lease that attaches a standby.
  commits_held_before_page,       ///< replication synchronous: no page beside an attached standby
  page_bounded_before_attach,     ///< R17: before the change is sent
  outstanding_dropped_by_attach,  ///< R17: no answer to an earlier renewal counts
  endless_by_grant_only,          ///< R18: never by a read
  // The agent as second grantor.
  extends_unattached,        ///< R4: it need not be attached for that
  promise_kept,              ///< R4: it refuses to be promoted while its promise lasts
  promise_survives_restart,  ///< R5: as if promised at the start
  revoked_term_kept,         ///< R4: no extension in a revoked term,
  revoked_term_durable,      ///< R5: not after a restart either
  // Whoever makes a new record.
  recovery_asks_both,      ///< R7: a silent region may have been promoted last
  recovery_counts_orders,  ///< R7: and so may one whose promotion nobody heard of
  // The orchestrator.
  lease_end_waited_for,      ///< R11a
  other_grantor_revoked,     ///< R10: before the old region is fenced
  promise_waited_for,        ///< R11a: the other grantor's, too
  margin_waited_for,         ///< R11a: ttl alone is too short when clocks drift
  acknowledgement_of_term,   ///< R11b: only of this very term
  point_of_no_return_proof,  ///< R11 once more, before it is passed
  abort_raises_term,         ///< R16
  lag_within_budget,         ///< I3: the gate after the fence
  clocks_compared,           ///< I3: a lag by clocks that disagree is not believed
  journal_before_command,    ///< what is done was written before
  lost_transition_adopted,   ///< R9: somebody goes on with it
  strict_majority,           ///< I9: of the configured vantages
  silent_is_no_vote,         ///< I9
  only_fresh_looks,          ///< I9
  fence_on_fresh_look,       ///< I9: not on one that has grown old
  graceful_proof,            ///< R22: a planned move loses nothing
  // The agent, while the standby is behind.
  commits_held_behind,  ///< policy.rpo budget-first: commits wait,
  hold_gives_up,        ///< but not for longer than people want
  // The agent of a region that is rebuilt. In the simulator, its stand-in for DatabaseRebuild, too.
  lost_tail_kept,         ///< R21: before anything is overwritten
  bystander_alone,        ///< R21: never the active region, nor an attached one
  stale_rebuild_refused,  ///< R21: nor by an order of an epoch that is over
  attach_overtaken,       ///< R21: nor one that an attach under way may still make a standby of
  // People's orders.
  orders_obeyed,             ///< no failover begins by itself against them,
  orders_asked_again,        ///< nor is its transition opened against what was ordered since
  orders_durable,            ///< an order is on the disk before it is answered
  last_failover_remembered,  ///< the next one asks until it was acknowledged, and is a while ago
  // The services, by their posture.
  active_share_kept,    ///< in the active region
  standby_share_kept,   ///< in the other
  readiness_asks_page,  ///< I10; by services. In the simulator, its stand-in for boxoffice
};

/// Which are on. The default is all; only simulation::Saboteur makes another.
class Guards {
 public:
  constexpr Guards() = default;
  [[nodiscard]] constexpr bool has(Guard guard) const {
    return (off_ & (std::uint64_t{1} << static_cast<unsigned>(guard))) == 0;
  }

 private:
  friend class simulation::Saboteur;
  std::uint64_t off_ = 0;
};

}  // namespace understudy
