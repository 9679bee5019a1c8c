#pragma once
// Orders to a region's agent. Every order and every answer carries its term or epoch; a lower one
// than the agent has obeyed is refused, the same one again changes nothing.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/database.h"
#include "ports/database_rebuild.h"

namespace understudy {

/// "In this term no write is acknowledged by this region any more" (R12).
struct FenceAck {
  std::uint64_t term = 0;
  WallTime at{};
  /// Where its log ended once it was fenced: a standby that has replayed this far lacks nothing.
  std::optional<WalPosition> log_end;
};

/// "In this term, and in any before it, I extend no lease any more" (R10).
struct RevokeAck {
  std::uint64_t term = 0;
  /// How long its latest promise lasts yet; negative: for how long it has been over. Counts from
  /// the receipt of this answer.
  Duration rest{};
};

/// How far a region left behind is on its way back as a standby.
enum class RebuildPhase : std::uint8_t { none, lost_tail, rewind, copy, start, done, failed };

struct RebuildState {
  std::uint64_t epoch = 0;  ///< for which it was ordered; 0: never, since the agent's start
  RebuildPhase phase = RebuildPhase::none;
  unsigned percent = 0;               ///< of the copy
  std::string problem;                ///< why it failed
  std::optional<LostTail> lost_tail;  ///< once it is kept
};

struct AgentStatus {
  std::string region;
  std::uint64_t incarnation = 0;
  std::uint64_t term = 0;
  std::uint64_t epoch = 0;
  std::uint64_t fenced_term = 0;
  std::uint64_t revoked_term = 0;
  std::uint64_t ordered_epoch = 0;  ///< highest its database was asked to be promoted for
  std::uint64_t version = 0;        ///< highest version of the record it saw
  bool writable = false;            ///< its page is open now
  bool endless = false;
  std::int64_t lease_rest_ms = 0;
  /// As second grantor: how long its latest promise lasts yet; not above zero: it is over.
  std::int64_t promise_rest_ms = 0;
  /// For how long the other grantor has promised nothing; counts from the agent's start at the
  /// most.
  std::int64_t other_silent_ms = 0;
  /// For how long it was to write and nothing was written; less than a renewal interval is usual.
  std::int64_t writes_missed_ms = 0;
  /// How far its standby is behind while commits wait for it no longer (policy.rpo_hold_max); 0:
  /// they do, or need not.
  std::int64_t unguarded_lag_ms = 0;
  bool draining = false;  ///< it lets no new requests in
  RebuildState rebuild;
  std::optional<DatabaseState> database;  ///< none: it does not answer
  std::map<std::string, unsigned> running;
  std::string note;  ///< what it waits for, for people; "" if all is well
};

struct PromoteOrder {
  std::uint64_t transition = 0;
  std::uint64_t epoch = 0;  ///< the new one
  /// The old region acknowledged its fence in this term (R11b), so that no promise to it is left; 0
  /// if it did not.
  std::uint64_t fenced_term = 0;
};

struct RebuildOrder {
  std::uint64_t epoch = 0;  ///< that in which the other region is active
  /// Copied from the other region, even if a rewind would do.
  bool copy = false;
};

struct ScaleOrder {
  std::uint64_t epoch = 0;  ///< of the region that is to run it; a lower one than known is refused
  std::string service;
  unsigned count = 0;
};

/// Thread-safe.
class RegionAgent {
 public:
  virtual ~RegionAgent() = default;
  [[nodiscard]] virtual Result<AgentStatus> status(BootTime deadline) = 0;
  [[nodiscard]] virtual Result<FenceAck> fence(std::uint64_t term, BootTime deadline) = 0;
  /// To the second grantor, durable before the answer.
  [[nodiscard]] virtual Result<RevokeAck> revoke(std::uint64_t term, BootTime deadline) = 0;
  /// Success is seen, not heard: the state in which the database was found afterwards.
  [[nodiscard]] virtual Result<DatabaseState> promote(const PromoteOrder& order,
                                                      BootTime deadline) = 0;
  /// Returns once the region's page is open in `epoch` and its epoch row says so.
  [[nodiscard]] virtual Result<Done> await_active(std::uint64_t epoch, BootTime deadline) = 0;
  [[nodiscard]] virtual Result<Done> scale(const ScaleOrder& order, BootTime deadline) = 0;
  /// To the active region, before it is fenced by a planned transition: no new requests from
  /// outside while that transition is under way.
  [[nodiscard]] virtual Result<Done> drain(std::uint64_t transition, BootTime deadline) = 0;
  /// R21. To a region that was left: its lost tail is kept, then its database becomes a standby of
  /// the active region's. Goes on without the caller; returns how far it is when it has ended, or
  /// at the deadline.
  [[nodiscard]] virtual Result<RebuildState> rebuild(const RebuildOrder& order,
                                                     BootTime deadline) = 0;
};

[[nodiscard]] constexpr std::string_view to_string(RebuildPhase phase) {
  switch (phase) {
    case RebuildPhase::none: return "none";
    case RebuildPhase::lost_tail: return "lost_tail";
    case RebuildPhase::rewind: return "rewind";
    case RebuildPhase::copy: return "copy";
    case RebuildPhase::start: return "start";
    case RebuildPhase::done: return "done";
    case RebuildPhase::failed: return "failed";
  }
  return "?";
}

}  // namespace understudy
