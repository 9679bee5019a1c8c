#pragma once
// What lets requests wait at the edge while no region takes new ones.

#include <string>
#include <string_view>

namespace understudy {

/// Registers `http-request lua.wait_for_a_region <ms>`: returns when backend `regions` has a server
/// that takes requests and it is this one's turn (`txn.waited` is "let in"), or after so long ("in
/// vain"). The turns are in the order in which they came, at most kLetInPerMs a millisecond and
/// kUnansweredMost ahead of the answers, which `http-response lua.one_who_waited_was_answered`
/// counts.
[[nodiscard]] std::string waiting_room_lua();

/// How fast those who waited are let in: several times as fast as orders come, so that nobody waits
/// longer for it, and not so fast that a region that has just begun meets all of them in one
/// moment.
inline constexpr unsigned kLetInPerMs = 1;

/// Each event of a session costs the edge a round of its loop, and its health checks take their
/// turn: with hundreds in one moment on a busy machine they came too late, and the region was left
/// again.
inline constexpr unsigned kUnansweredMost = 64;

/// So many may be at the edge, waiting or served, for one more to wait. Beyond it they are refused
/// at once, and the rest of the edge's connections are left for what does not wait.
inline constexpr unsigned kWaitBelowSessions = 3000;

}  // namespace understudy
