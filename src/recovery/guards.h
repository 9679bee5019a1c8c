#pragma once
// The protections that the promise rests on, each with a switch, so that the simulator can show what
// breaks without it. In the product all of them are on, and nothing can take one off.

#include <array>
#include <cstdint>
#include <string_view>

namespace understudy {

namespace simulation {
class Saboteur;
}

enum class Guard : std::uint8_t {
  // The database and the services (in the simulator's stand-ins for understudy_fence and boxoffice).
  fence_at_commit,           ///< R1: the page is judged before a commit
  fence_before_answer,       ///< R1: and once more before its answer leaves
  page_checked_by_services,  ///< and by services, before they acknowledge
  epoch_row_checked,         ///< the write path compares the epoch row
  // The registry.
  compare_and_swap,       ///< R9: a change needs the version it was built on
  registry_checks_rules,  ///< the registry refuses what breaks a rule of the record
  // The agent.
  deadline_from_request,      ///< R2: the lease counts from the request, not from the answer
  boot_clock_for_lease,       ///< section 2: the boot clock ends it, the wall clock is only second
  answer_known_by_nonce,      ///< R2: only the outstanding request's answer counts
  closes_when_told,           ///< R3: a revocation seen closes the page at once
  renewal_refused_if_revoked, ///< R3
  fence_kept_on_disk,         ///< R12: fenced_term is durable before the answer
  fence_blocks_its_term,      ///< R12: no grant of a fenced term opens the page
  fence_of_old_term_refused,  ///< R12
  page_ends_with_boot,        ///< section 2: a page of another boot means no writes
  promotion_asks_record,      ///< R14: only if the record asks for it
  promotion_once,             ///< R14: an order obeyed before changes nothing
  page_only_after_switch,     ///< R15: promoted is not permitted
  // The orchestrator.
  lease_end_waited_for,        ///< R11a
  margin_waited_for,           ///< R11a: ttl alone is not enough when clocks drift
  wait_observed_anew,          ///< R11a: after a restart nothing seen before counts
  wait_checked_again,          ///< R11a once more, at the point of no return
  revoked_before_fence,        ///< R10: first the revocation, then all else
  acknowledgement_of_term,     ///< R11b: only of this very term
  promoting_recorded_first,    ///< R13
  no_abort_after_promoting,    ///< R16
  abort_raises_term,           ///< R16
  lag_checked,                 ///< the gate after the fence
  lag_within_budget,           ///< and not the other way round
  journal_before_command,      ///< the engine writes before it acts
  strict_majority,             ///< I9: of the configured vantages
  silent_is_no_vote,           ///< I9
  only_fresh_looks,            ///< I9
  confirmed_by_fresh_look,     ///< I9
  cron_after_switch,           ///< I2: singletons start last
  one_transition,              ///< I5
  kCount,
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
