#include "simulation/sabotage.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "base/ensure.h"
#include "controller/workflows.h"

namespace understudy::simulation {

namespace json = boost::json;

namespace {

using enum Guard;

const std::vector<Sabotage> kSabotages = {
    {"no-wait-for-lease-end",
     "promotes without waiting for the lease to end (15)",
     {lease_end_waited_for},
     ""},
    {"no-margin",
     "waits for the ttl alone, whatever the clocks' drift (2)",
     {margin_waited_for},
     ""},
    {"deadline-from-answer", "the lease counts from the answer (1)", {deadline_from_request}, ""},
    {"revocation-advisory",
     "renewals are granted in a revoked term (10)",
     {revocation_binds, rules_of_the_record},
     ""},
    {"no-compare-and-swap",
     "changes of an older record are applied (11, 13)",
     {compare_and_swap, rules_of_the_record},
     ""},
    {"wall-clock-lease", "only the wall clock ends a lease", {boot_clock_ends_page}, ""},
    {"page-survives-boot",
     "a page of an earlier boot counts (23)",
     {page_ends_with_boot, wall_clock_ends_page},
     ""},
    {"no-extension",
     "the database does not judge the page, at commit nor before the answer",
     {page_judged_at_commit, page_judged_at_answer},
     ""},
    {"no-extension-no-recheck",
     "and neither do the services",
     {page_judged_at_commit, page_judged_at_answer, page_judged_by_services},
     ""},
    {"no-check-before-answer",
     "the page is judged at commit only, by database and services",
     {page_judged_at_answer, page_judged_by_services},
     ""},
    {"cron-without-claims", "cron runs until its agent stops it (26)", {cron_commits_claims}, ""},
    {"fence-leaves-page-open",
     "a fence is acknowledged before the page is closed",
     {page_closed_by_fence, page_closed_when_told},
     ""},
    {"fence-keeps-outstanding",
     "a renewal under way opens the page again after the fence",
     {outstanding_dropped, fenced_term_stays_shut, page_closed_when_told},
     ""},
    {"fence-of-no-effect",
     "fenced regions renew in a revoked term",
     {fenced_term_stays_shut, outstanding_dropped, revocation_binds, rules_of_the_record},
     ""},
    {"abort-keeps-term",
     "an aborted transition keeps the term (27: stuck, not unsafe)",
     {abort_raises_term, rules_of_the_record},
     ""},
    {"lag-gate-inverted", "promotes exactly when too much is missing", {lag_within_budget}, ""},
    {"lag-before-fence-only",
     "the lag is looked at before the fence, and not after it",
     {},
     "IsItFenced:PassPointOfNoReturn"},
    {"any-vantage", "one vantage that sees it down is enough", {strict_majority}, ""},
    {"silence-is-a-vote",
     "a silent vantage counts as one that sees it down",
     {silent_is_no_vote},
     ""},
    {"no-fresh-look",
     "the fence does not wait for a fresh look",
     {fence_on_fresh_look},
     "IsItDown:Fence"},
    {"look-grows-old", "the fence goes by a look that has grown old", {fence_on_fresh_look}, ""},
    {"lost-transition-left",
     "nobody goes on with a transition whose execution is lost",
     {lost_transition_adopted},
     ""},
    {"promoting-not-recorded",
     "promotes before the point of no return is recorded (R13)",
     {promotion_asks_record, rules_of_the_record},
     "IsTheLossAccepted:PromoteDatabase"},
    {"attach-before-bound",
     "the page becomes finite only when the attach is answered (18)",
     {page_bounded_before_attach},
     ""},
    {"attach-keeps-outstanding",
     "an answer of before the attach makes the page endless again (17, 20)",
     {outstanding_dropped_by_attach},
     "",
     "the version: an attach that is applied was built after the renewal was answered"},
    {"endless-by-read",
     "the page becomes endless by a mere read (19)",
     {endless_by_grant_only},
     ""},
    {"extends-only-attached",
     "the other grantor extends only once it is attached (28: stuck, not unsafe)",
     {extends_unattached},
     ""},
    {"recovery-asks-one",
     "a lost record is made anew without a region that does not answer",
     {recovery_asks_both},
     ""},
    {"recovery-misses-orders",
     "a lost record is made anew without asking who was ordered to be promoted",
     {recovery_counts_orders},
     ""},
    {"orders-ignored",
     "a failover begins though people ordered none",
     {orders_obeyed, orders_asked_again},
     ""},
    {"orders-overtaken",
     "what is ordered after a failover began and before its transition is open counts for nothing",
     {orders_asked_again},
     ""},
    {"orders-in-memory", "a restarted controller forgets the orders", {orders_durable}, ""},
    {"ask-starts-at-once",
     "a failover that is to be asked for begins without an answer",
     {orders_asked_again},
     "MayItStart:AcquireTransition"},
    {"last-failover-forgotten",
     "the last automatic failover need not be acknowledged, nor be a while ago",
     {last_failover_remembered},
     ""},
    {"orders-obeyed-late",
     "a failover that was ordered not to begin ends at its opening, and nobody is told",
     {orders_obeyed},
     ""},
    {"scale-up-forgotten",
     "the new region goes on with the standby's share of its services",
     {active_share_kept},
     ""},
    {"shares-of-both-active",
     "the standby runs the active share, singletons too",
     {standby_share_kept},
     ""},
    {"ready-though-fenced",
     "services say ready whatever the page says (I10)",
     {readiness_asks_page},
     ""},
    {"other-grantor-ignored",
     "the lease is revoked at the registry only, and the other promises nothing to itself (5)",
     {other_grantor_revoked, promise_kept},
     ""},
    {"promise-not-waited-for",
     "nobody waits for the other grantor's promise (6)",
     {promise_waited_for, promise_kept},
     ""},
    {"promise-forgotten",
     "a restarted grantor forgets its promise (3), and nobody compares clocks",
     {promise_survives_restart, clocks_compared},
     ""},
    {"extends-though-revoked",
     "the other grantor extends in a revoked term",
     {revoked_term_kept},
     ""},
    {"rewind-before-salvage",
     "a region is overwritten before what it alone has is kept",
     {lost_tail_kept},
     ""},
    {"failback-unasked",
     "a failback begins without an answer (I6)",
     {},
     "switchover/IsItConfirmed/default:AcquireTransition"},
    {"not-drained",
     "a planned move fences a region that still takes requests (R22)",
     {},
     "switchover/CheckSwitchover:Fence"},
    {"graceful-without-acknowledgement",
     "a planned move goes on by the lease's end, and the point of no return asks for nothing more",
     {graceful_proof},
     "switchover/IsItFenced/1:WaitForLeaseEnd switchover/IsTheTargetCaughtUp/default:"
     "PassPointOfNoReturn"},
    {"graceful-without-last-write",
     "a planned move goes on without the old region's last write (R22)",
     {graceful_proof},
     "switchover/IsTheTargetCaughtUp/default:PassPointOfNoReturn"},
    {"graceful-unproved",
     "the point of no return does not ask what makes a planned move lose nothing",
     {graceful_proof},
     "",
     "the document"},
    {"commits-held-for-ever",
     "with budget-first, commits wait for a standby for as long as it is behind",
     {hold_gives_up},
     ""},
    {"commits-never-held",
     "with budget-first, commits do not wait for a standby that is behind",
     {commits_held_behind},
     ""},
    {"page-before-hold",
     "with synchronous replication, a page opens before commits wait for the attached standby",
     {commits_held_before_page},
     ""},
    {"rebuilds-anybody",
     "a rebuild of the active region, or of an attached one, is obeyed",
     {bystander_alone},
     ""},
    {"stale-rebuild",
     "a rebuild that was ordered in an epoch that is over is obeyed",
     {stale_rebuild_refused},
     "",
     "the record: whoever may be overwritten now may be so whenever it was ordered"},
    {"attach-not-overtaken",
     "a standby that is overwritten may still be attached, by a message that comes late",
     {attach_overtaken},
     ""},
    {"promise-not-kept",
     "the other grantor lets itself be promoted while its promise lasts",
     {promise_kept},
     "",
     "the orchestrator's wait"},
    {"revocation-forgotten",
     "a restarted grantor forgets the revocation (4)",
     {revoked_term_durable},
     "",
     "the record, which it reads first, and its own promise"},
    {"stale-looks",
     "a look of long ago counts as fresh",
     {only_fresh_looks},
     "",
     "the fresh look inside the transition"},
    {"unproved-promotion",
     "the point of no return is passed without asking the clock again",
     {point_of_no_return_proof},
     "",
     "the fence's own wait"},
    {"any-acknowledgement",
     "a fence acknowledgement of another term counts (7)",
     {acknowledgement_of_term, old_fence_refused},
     "",
     "an answer belongs to its own call, and the record to its term"},
    {"unruly-registry", "the registry applies whatever it is sent", {rules_of_the_record}, ""},
    {"no-epoch-row",
     "the write path does not compare the epoch row",
     {epoch_row_checked},
     "",
     "the page"},
    {"journal-after-command",
     "the journal is written after the command",
     {journal_before_command},
     "",
     "steps that look before they act, and the record"},
};

/// Names of all states that a state can lead to.
std::vector<std::string> ways_out(const json::object& state) {
  std::vector<std::string> names;
  for (const char* key : {"Next", "Default"}) {
    if (const auto* next = state.if_contains(key)) names.emplace_back(next->as_string());
  }
  for (const char* key : {"Choices", "Catch"}) {
    const auto* branches = state.if_contains(key);
    if (branches == nullptr) continue;
    for (const json::value& branch : branches->as_array())
      names.emplace_back(branch.at("Next").as_string());
  }
  return names;
}

/// A document with a state that nothing leads to is refused.
void drop_unreachable(json::object& document) {
  json::object& states = document.at("States").as_object();
  std::set<std::string> reached;
  std::vector<std::string> to_visit = {std::string(document.at("StartAt").as_string())};
  while (!to_visit.empty()) {
    const std::string name = to_visit.back();
    to_visit.pop_back();
    if (!reached.insert(name).second) continue;
    for (std::string& next : ways_out(states.at(name).as_object()))
      to_visit.push_back(std::move(next));
  }
  json::object left;
  for (const auto& [name, state] : states) {
    if (reached.contains(name)) left[name] = state;
  }
  states = std::move(left);
}

/// The documents that a history runs.
struct Documents {
  json::value failover = json::parse(std::string(failover_workflow()));
  json::value switchover = json::parse(std::string(switchover_workflow()));
};

/// "State:Next": the state leads there; a choice does by its first branch, whatever it finds.
/// "State/1:Next": by that branch; "State/default:Next". "switchover/" before it: in that document.
void edit(Documents& documents, std::string_view edit) {
  constexpr std::string_view kSwitchover = "switchover/";
  const bool of_switchover = edit.starts_with(kSwitchover);
  if (of_switchover) edit.remove_prefix(kSwitchover.size());
  json::object& document = (of_switchover ? documents.switchover : documents.failover).as_object();
  const auto colon = edit.find(':');
  const std::string next(edit.substr(colon + 1));
  edit = edit.substr(0, colon);
  const auto slash = edit.find('/');
  const std::string_view branch =
      slash == std::string_view::npos ? std::string_view("0") : edit.substr(slash + 1);
  const std::string name(edit.substr(0, slash));
  json::object& state = document.at("States").at(name).as_object();
  if (state.at("Type") != "Choice") {
    state.at("Next") = next;
  } else if (branch == "default") {
    state.at("Default") = next;
  } else {
    const auto index = static_cast<std::size_t>(branch.front() - '0');
    state.at("Choices").at(index).as_object()["Next"] = next;
    if (name == "IsItDown") state["Default"] = next;
  }
  drop_unreachable(document);
}

}  // namespace

std::span<const Sabotage> all_sabotages() { return kSabotages; }

const Sabotage* find_sabotage(std::string_view name) {
  const auto found = std::find_if(kSabotages.begin(), kSabotages.end(),
                                  [&](const Sabotage& one) { return one.name == name; });
  return found == kSabotages.end() ? nullptr : &*found;
}

Guards Saboteur::without(const std::vector<Guard>& guards) {
  Guards left;
  for (const Guard guard : guards) left.off_ |= std::uint64_t{1} << static_cast<unsigned>(guard);
  return left;
}

Composition whole() {
  return {Guards(), std::string(failover_workflow()), std::string(switchover_workflow())};
}

Composition sabotaged(const Sabotage& sabotage) {
  Documents documents;
  std::string_view left = sabotage.edit;
  while (!left.empty()) {
    const auto space = left.find(' ');
    edit(documents, left.substr(0, space));
    left.remove_prefix(space == std::string_view::npos ? left.size() : space + 1);
  }
  return {Saboteur::without(sabotage.off), json::serialize(documents.failover),
          json::serialize(documents.switchover)};
}

}  // namespace understudy::simulation
