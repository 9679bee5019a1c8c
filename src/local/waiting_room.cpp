#include "local/waiting_room.h"

#include <fmt/format.h>

namespace understudy {

namespace {

/// HAProxy 2.6 can wake nobody from Lua, so each looks by itself, the more seldom the farther back
/// it stands: it is not let in sooner anyway. With n that makes 1 + ln(n / 10) looks a millisecond
/// in all, and no more while the region is slow to answer: turns come by whoever looks, not by time
/// alone. (With turns by time, all who were overdue looked as one, every 5 ms: the edge did nothing
/// else, and the answers that they waited for lay unread.) A client that goes away ends its
/// coroutine in the middle: nothing here may need its end. So those in front are known by tickets,
/// and are never more than there are.
constexpr std::string_view kLua = R"(-- Written by understudy up.
local let_in_per_ms = {}
local unanswered_most = {}
local tickets = 0    -- given so far
local left = 0       -- the highest ticket of those who have left
local open = false   -- whether the last who looked saw a region that takes requests
local turn = 0       -- while open: tickets up to this one may go
local looked_at = 0  -- while open: when somebody last looked
local let_in = 0     -- since it is open; a client that goes away is never answered,
local answered = 0   -- so both begin anew with the next time

local function now_ms()
  local now = core.now()
  return now.sec * 1000 + now.usec // 1000
end

local function last_in_front(txn)
  return math.max(left, tickets - txn.f:be_conn("regions"))
end

-- How long to sleep before the next look; 0: it is this one's turn.
local function turn_in(txn, ticket, now)
  if txn.f:nbsrv("regions") == 0 then
    open = false
    return math.max(10, (ticket - last_in_front(txn)) // let_in_per_ms)
  end
  if not open then
    open, turn, looked_at, let_in, answered = true, last_in_front(txn), now - 1, 0, 0
  end
  -- Time in which nobody looked is not made up for.
  local more = math.min((now - looked_at) * let_in_per_ms, unanswered_most - (let_in - answered), 10)
  turn = turn + math.max(0, more)
  looked_at = now
  if ticket <= turn then return 0 end
  return math.max(5, (ticket - turn) // let_in_per_ms)
end

core.register_action("wait_for_a_region", {{"http-req"}}, function(txn, wait_max_ms)
  tickets = tickets + 1
  local ticket = tickets
  local now = now_ms()
  local give_up = now + tonumber(wait_max_ms)
  local rest = turn_in(txn, ticket, now)
  while rest > 0 and now < give_up do
    core.msleep(math.min(rest, give_up - now))
    now = now_ms()
    rest = turn_in(txn, ticket, now)
  end
  left = math.max(left, ticket)
  if rest > 0 then
    txn:set_var("txn.waited", "in vain")
  else
    txn:set_var("txn.waited", "let in")
    let_in = let_in + 1
  end
end, 1)

core.register_action("one_who_waited_was_answered", {{"http-res"}}, function()
  answered = answered + 1
end)
)";

}  // namespace

std::string waiting_room_lua() { return fmt::format(kLua, kLetInPerMs, kUnansweredMost); }

}  // namespace understudy
