#include "recovery/record_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace understudy {

namespace {

Error refused(std::string what) { return Error{After::unchanged_final, std::move(what)}; }

Record next_of(const Record& seen, const std::string& nonce) {
  ensure(!nonce.empty(), "every change of the record has a nonce");
  Record next = seen;
  next.version = seen.version + 1;
  next.nonce = nonce;
  return next;
}

/// The edges of a transition, with what else may change along each.
struct Edge {
  Phase from;
  Phase to;
  int epoch_step;
  int term_step_min;
  int term_step_max;
};

constexpr std::array kEdges = {
    Edge{Phase::none, Phase::none, 0, 0, 0},          // a renewal, attach or detach
    Edge{Phase::open, Phase::open, 0, 0, 0},          // a renewal before the revocation
    Edge{Phase::switched, Phase::switched, 0, 0, 0},  // the new holder's renewal
    Edge{Phase::none, Phase::open, 0, 0, 0},
    Edge{Phase::open, Phase::revoked, 0, 0, 0},
    Edge{Phase::revoked, Phase::promoting, 0, 0, 0},
    Edge{Phase::promoting, Phase::switched, 1, 1, 1},
    Edge{Phase::switched, Phase::none, 0, 0, 0},
    Edge{Phase::open, Phase::none, 0, 0, 0},     // abort
    Edge{Phase::revoked, Phase::none, 0, 1, 1},  // abort
};

constexpr const Edge* edge(Phase from, Phase to) {
  for (const Edge& candidate : kEdges) {
    if (candidate.from == from && candidate.to == to) return &candidate;
  }
  return nullptr;
}

static_assert(edge(Phase::none, Phase::promoting) == nullptr,
              "nothing is promoted before the lock");
static_assert(edge(Phase::open, Phase::promoting) == nullptr,
              "nothing is promoted before the fence");
static_assert(edge(Phase::promoting, Phase::none) == nullptr, "no way back from promoting");

}  // namespace

std::vector<std::string> other_grantors(const Record& record) {
  std::vector<std::string> others;
  for (const std::string& grantor : record.grantors) {
    if (grantor != kRegistryGrantor && grantor != record.active) others.push_back(grantor);
  }
  return others;
}

std::string execution_name(TransitionKind kind, const std::string& platform, std::uint64_t number) {
  return fmt::format("{}-{}-{}", to_string(kind), platform, number);
}

Change renewed(const Record& seen, const std::string& holder, const std::string& nonce) {
  if (seen.active != holder) {
    return refused(
        fmt::format("{} is not active, {} is (epoch {})", holder, seen.active, seen.epoch));
  }
  if (seen.lease.revoked) return refused(fmt::format("term {} is revoked", seen.term));
  Record next = next_of(seen, nonce);
  next.lease.serial = seen.lease.serial + 1;
  return next;
}

Change opened(const Record& seen, const TransitionRequest& request, const std::string& nonce) {
  if (seen.transition.phase != Phase::none) {
    return refused(
        fmt::format("{} is still {}", seen.transition.execution, to_string(seen.transition.phase)));
  }
  if (!seen.standby) return refused("no standby is attached, so nobody could be promoted");
  if (*seen.standby != request.target) {
    return refused(
        fmt::format("the attached standby is {}, not {}", *seen.standby, request.target));
  }
  const std::uint64_t number = request.number == 0 ? seen.transition.number + 1 : request.number;
  if (number <= seen.transition.number)
    return refused(fmt::format("transition {} came first", seen.transition.number));
  Record next = next_of(seen, nonce);
  next.transition = Transition{.number = number,
                               .execution = execution_name(request.kind, request.platform, number),
                               .kind = request.kind,
                               .target = request.target,
                               .phase = Phase::open};
  return next;
}

Change revoked(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::open) return refused("only an open transition revokes");
  Record next = next_of(seen, nonce);
  next.lease.revoked = true;
  next.transition.phase = Phase::revoked;
  return next;
}

Change promoting(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::revoked)
    return refused("only a revoked lease lets a standby be promoted");
  Record next = next_of(seen, nonce);
  next.transition.phase = Phase::promoting;
  return next;
}

Change switched(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::promoting)
    return refused("only after the promotion is the active region switched");
  Record next = next_of(seen, nonce);
  next.epoch = seen.epoch + 1;
  next.active = seen.transition.target;
  next.term = seen.term + 1;
  next.lease.revoked = false;
  next.lease.endless = true;
  next.standby.reset();
  next.grantors = {std::string(kRegistryGrantor)};
  next.transition.phase = Phase::switched;
  next.transition.attested = false;
  return next;
}

Change completed(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::switched)
    return refused("only a switched transition is completed");
  Record next = next_of(seen, nonce);
  next.transition.phase = Phase::none;
  return next;
}

Change aborted(const Record& seen, const std::string& nonce) {
  const Phase phase = seen.transition.phase;
  if (phase != Phase::open && phase != Phase::revoked) {
    return refused(fmt::format("a transition that is {} cannot be aborted", to_string(phase)));
  }
  Record next = next_of(seen, nonce);
  if (phase == Phase::revoked) {
    next.term = seen.term + 1;
    next.lease.revoked = false;
  }
  next.transition.phase = Phase::none;
  next.transition.attested = false;
  return next;
}

Change detached(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::none)
    return refused(fmt::format("{} is still under way", seen.transition.execution));
  if (!seen.standby) return refused("no standby is attached");
  Record next = next_of(seen, nonce);
  next.standby.reset();
  next.lease.endless = true;
  return next;
}

Change attached(const Record& seen, const std::string& standby, const std::string& nonce) {
  if (seen.transition.phase != Phase::none)
    return refused(fmt::format("{} is still under way", seen.transition.execution));
  if (seen.standby) return refused(*seen.standby + " is attached already");
  Record next = next_of(seen, nonce);
  next.standby = standby;
  next.lease.endless = false;
  next.lease.serial = seen.lease.serial + 1;
  if (std::find(next.grantors.begin(), next.grantors.end(), standby) == next.grantors.end())
    next.grantors.push_back(standby);
  return next;
}

Change kept_detached(const Record& seen, const std::string& nonce) {
  if (seen.transition.phase != Phase::none)
    return refused(fmt::format("{} is still under way", seen.transition.execution));
  if (seen.standby) return refused(*seen.standby + " is attached");
  return next_of(seen, nonce);
}

QuietChange quiet_change(const Record& before, const Record& after) {
  if (before.standby && !after.standby) return QuietChange::detach;
  if (!before.standby && !after.standby && before.lease.serial == after.lease.serial)
    return QuietChange::keep_detached;
  if (!before.standby && after.standby) return QuietChange::attach;
  return QuietChange::renewal;
}

std::optional<std::string> malformed(const Record& record) {
  if (record.version == 0) return "version starts at 1";
  if (record.nonce.empty()) return "nonce is missing";
  if (record.epoch == 0) return "epoch starts at 1";
  if (record.term == 0) return "term starts at 1";
  if (record.active.empty()) return "active is missing";
  if (record.standby && *record.standby == record.active)
    return "the active region cannot be its own standby";
  if (record.lease.endless != !record.standby.has_value()) {
    return "the lease is endless exactly while no standby is attached";
  }
  const Phase phase = record.transition.phase;
  const bool should_be_revoked = phase == Phase::revoked || phase == Phase::promoting;
  if (record.lease.revoked != should_be_revoked)
    return "revoked goes with the phases revoked and promoting";
  if (phase != Phase::none && record.transition.target.empty()) return "a transition has a target";
  if (phase != Phase::none && record.transition.execution.empty())
    return "a transition has an execution";
  if (record.grantors.empty()) return "somebody must grant the lease";
  return std::nullopt;
}

namespace {

/// What a change breaks in the transition itself, its phase apart.
std::optional<std::string> broken_transition_rule(const Record& before, const Record& after) {
  const Transition& was = before.transition;
  const Transition& is = after.transition;
  const bool opening = was.phase == Phase::none && is.phase == Phase::open;
  if (opening ? is.number <= was.number : is.number != was.number)
    return "the transition number grows when one opens, and never else";
  if (is.attested && !was.attested) return "nothing is attested here";
  if (!opening) {
    if (is.target != was.target || is.execution != was.execution || is.kind != was.kind)
      return "a transition keeps its kind, target and execution";
    return std::nullopt;
  }
  if (!before.standby || is.target != *before.standby) return "the target is the attached standby";
  if (!is.execution.starts_with(fmt::format("{}-", to_string(is.kind))) ||
      !is.execution.ends_with(fmt::format("-{}", is.number))) {
    return "the execution is named by kind, platform and number";
  }
  return std::nullopt;
}

/// What a change breaks in who is attached and who grants. The lease is endless exactly while
/// nobody is attached: that a record breaks in itself.
std::optional<std::string> broken_attachment_rule(const Record& before, const Record& after) {
  const bool switching =
      before.transition.phase == Phase::promoting && after.transition.phase == Phase::switched;
  if (switching) {
    if (after.standby) return "standby becomes none at the switch";
    if (after.grantors != std::vector<std::string>{std::string(kRegistryGrantor)})
      return "at the switch the registry alone grants";
    return std::nullopt;
  }
  if (after.standby == before.standby) {
    if (after.grantors != before.grantors) return "the grantors change by an attach alone";
    return std::nullopt;  // a renewal, or R21
  }
  if (before.transition.phase != Phase::none || after.transition.phase != Phase::none)
    return "nobody is attached or detached during a transition";
  const Change allowed = quiet_change(before, after) == QuietChange::detach
                             ? detached(before, after.nonce)
                         : before.standby ? refused("one standby does not take another's place")
                                          : attached(before, *after.standby, after.nonce);
  if (!allowed) return allowed.error().what;
  if (after.grantors != allowed->grantors) return "the grantors change by an attach alone";
  return std::nullopt;
}

/// The serial counts what a grantor's observer must count from: renewals, and attaches.
bool moves_serial(const Record& before, const Record& after) {
  if (before.transition.phase != after.transition.phase) return false;
  switch (quiet_change(before, after)) {
    case QuietChange::renewal:
    case QuietChange::attach: return true;
    case QuietChange::detach: return false;
    // After a switch nobody is attached either: there it is a renewal that does not count, and
    // wrong.
    case QuietChange::keep_detached: return before.transition.phase != Phase::none;
  }
  return true;
}

}  // namespace

std::optional<std::string> broken_rule(const Record& before, const Record& after) {
  if (auto why = malformed(after)) return why;
  if (after.version != before.version + 1) return "version grows by one";
  if (after.nonce == before.nonce) return "every change has a nonce of its own";
  const Edge* along = edge(before.transition.phase, after.transition.phase);
  if (along == nullptr) {
    return fmt::format("no way from phase {} to {}", to_string(before.transition.phase),
                       to_string(after.transition.phase));
  }
  if (after.epoch != before.epoch + static_cast<std::uint64_t>(along->epoch_step)) {
    return "epoch grows by one at the switch and never else";
  }
  if (after.term < before.term + static_cast<std::uint64_t>(along->term_step_min) ||
      after.term > before.term + static_cast<std::uint64_t>(along->term_step_max)) {
    return "term grows by one when a lease is given back or passed on, and never else";
  }
  const bool switching = along->to == Phase::switched && along->from == Phase::promoting;
  if (switching ? after.active != before.transition.target : after.active != before.active) {
    return "active changes at the switch, to the target, and never else";
  }
  if (auto why = broken_attachment_rule(before, after)) return why;
  if (auto why = broken_transition_rule(before, after)) return why;
  if (after.lease.serial != before.lease.serial + (moves_serial(before, after) ? 1 : 0))
    return "only a renewal or an attach moves the serial, by one";
  return std::nullopt;
}

}  // namespace understudy
