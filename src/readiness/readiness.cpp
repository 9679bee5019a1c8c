#include "readiness/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "readiness/checks.h"

namespace understudy {

using namespace readiness;

namespace {

/// What must be known before a question can be asked.
enum class Needs : std::uint8_t {
  nothing,
  roles,        ///< the record: who is active, and who would be
  active_says,  ///< the active region's agent answered
  standby_says,
  both_say,
  active_inspected,
  standby_inspected,
  both_inspected,
  active_database,  ///< inspected
  both_databases,   ///< inspected
  drills,
};

struct Row {
  Question question;
  Needs needs;
  Check check;
};

constexpr Severity note = Severity::note;
constexpr Severity degrades = Severity::degrades;
constexpr Severity blocks = Severity::blocks;

// clang-format off
constexpr std::array kRows = {
  Row{{10, "registry.answers", blocks, "the registry answers",
       "understudy logs witness registry"}, Needs::nothing, registry_answers},
  Row{{20, "transition.none", blocks, "no transition is open",
       "understudy status; wait for it to end, or answer what it asks"}, Needs::roles, nothing_under_way},
  Row{{30, "standby.attached", blocks, "a standby is attached",
       "bring the other region back; it is attached as soon as it streams"}, Needs::roles, standby_attached},
  Row{{40, "standby.agent", blocks, "the standby's agent answers",
       "understudy logs STANDBY agent"}, Needs::roles, standby_agent},
  Row{{50, "active.agent", degrades, "the active region's agent answers",
       "understudy logs ACTIVE agent"}, Needs::roles, active_agent},
  Row{{60, "lease.timed", blocks, "the lease has a deadline, so that somebody else may follow",
       "attach a standby: bring the other region back"}, Needs::roles, lease_timed},
  Row{{70, "lease.held", degrades, "the active region holds the lease",
       "understudy status says what it waits for"}, Needs::active_says, lease_held},
  Row{{80, "lease.grantors", degrades, "the registry and the standby both extend the lease",
       "understudy status; the active region's agent puts it right once the standby answers"}, Needs::roles, lease_grantors},

  Row{{110, "database.standby", blocks, "the standby's database answers, and is a standby",
       "understudy logs STANDBY postgres"}, Needs::standby_says, database_stands_by},
  Row{{120, "database.streaming", blocks, "it streams from the active region",
       "understudy logs STANDBY postgres; a standby that can no longer catch up must be made anew"}, Needs::standby_says, database_streams},
  Row{{130, "database.lag", blocks, "it lacks no more than policy.lag_budget",
       "find out what holds replication up: load, the network, a long query on the standby"}, Needs::both_say, database_lag},
  Row{{140, "database.timeline", blocks, "both databases are on one timeline",
       "make the standby anew from the active region"}, Needs::both_say, database_timeline},
  Row{{150, "database.version", degrades, "both run the same version of PostgreSQL",
       "bring both to one version, the standby first"}, Needs::both_databases, database_versions},
  Row{{160, "database.settings", blocks, "the settings that a standby must match agree",
       "understudy down --keep-data, then up: it writes both configurations anew"}, Needs::both_databases, database_settings},
  Row{{170, "database.extensions", blocks, "every extension in use is there in the standby, in the same version",
       "install the extension's files in the standby region"}, Needs::both_databases, database_extensions},
  Row{{180, "database.collation", blocks, "text sorts the same in both",
       "bring both machines to one version of the C library or ICU, and REINDEX"}, Needs::both_databases, database_collation},
  Row{{190, "database.fence", blocks, "understudy_fence is loaded in both",
       "understudy down --keep-data, then up: shared_preload_libraries names it"}, Needs::both_databases, database_fence},
  Row{{200, "disk.standby", blocks, "the standby's disk is not full",
       "make room on the disk that holds the standby's database"}, Needs::standby_inspected, disk_of_standby},
  Row{{210, "disk.room", degrades, "both disks have room",
       "make room before it runs out"}, Needs::both_inspected, disk_room},
  Row{{220, "wal.room", degrades, "the active region's disk can hold what max_slot_wal_keep_size keeps for an absent standby",
       "make room, or lower max_slot_wal_keep_size"}, Needs::active_database, wal_room},
  Row{{230, "wal.slot", blocks, "the active region keeps the log that the standby needs",
       "make the standby anew from the active region"}, Needs::active_database, wal_slot},

  Row{{300, "programs.there", blocks, "every service's program can be executed in the standby",
       "deploy it: understudy up"}, Needs::standby_inspected, programs_there},
  Row{{310, "programs.same", degrades, "both regions have the same programs",
       "finish the deployment, or take it back"}, Needs::both_inspected, programs_same},
  Row{{320, "secrets.there", blocks, "every service has the secrets and settings that it needs, in both regions",
       "fill it in and start the services anew; what the stack makes itself: understudy down --keep-data, then up"}, Needs::both_inspected, secrets_there},
  Row{{330, "configuration.localised", blocks, "no service's configuration names the other region",
       "put the region's own endpoint there: after a failover it would talk to the dead region"}, Needs::both_inspected, configuration_localised},
  Row{{340, "configuration.same", blocks, "what is not a region's own is configured alike in both",
       "find out which one is right, and bring the other in line"}, Needs::both_inspected, configuration_same},
  Row{{350, "services.places", blocks, "the standby has a place for every instance that a failover starts",
       "understudy down --keep-data, then up"}, Needs::standby_inspected, services_have_room},
  Row{{360, "services.standby", degrades, "in the standby as many instances are well as the postures say",
       "understudy logs STANDBY SERVICE"}, Needs::standby_inspected, services_of_standby},
  Row{{370, "services.singletons", degrades, "no active-only service runs in the standby",
       "understudy status: its agent stops it, if it can"}, Needs::standby_inspected, singletons_once},
  Row{{380, "services.active", note, "in the active region as many instances are well as the postures say",
       "understudy logs ACTIVE SERVICE"}, Needs::active_inspected, services_of_active},
  Row{{400, "routes.targets", blocks, "every route that the standby is to take over at once has a healthy target there",
       "understudy logs STANDBY SERVICE"}, Needs::standby_inspected, routes_have_targets},
  Row{{410, "routes.way_in", blocks, "the way into the standby answers, seen from every vantage",
       "understudy logs STANDBY load-balancer; or the network on the way"}, Needs::roles, way_in_answers},
  Row{{420, "routes.ingress", degrades, "the public ingress leads to the active region",
       "understudy logs edge"}, Needs::roles, ingress_leads},

  Row{{500, "clocks.agree", degrades, "the wall clocks of both regions and the controller agree within 250 ms",
       "put the clock right; see to its NTP"}, Needs::roles, clocks_agree},
  Row{{510, "certificates.last", blocks, "the certificates of the control connections go on for a month",
       "they are made with the stack, for a year: it must be made anew"}, Needs::both_inspected, certificates_last},
  Row{{520, "builds.same", degrades, "controller and agents run what is deployed",
       "restart what runs the old one: understudy down --keep-data, then up"}, Needs::both_inspected, builds_same},

  Row{{600, "automation.on", note, "a failover would begin by itself",
       "understudy automation, maintenance, acknowledge"}, Needs::roles, begins_by_itself},
  Row{{610, "alerts.reach", note, "alerts reach people",
       "name targets in understudy.yaml (docs/alerts.md); understudy alert --test"}, Needs::nothing, alerts_reach},
  Row{{700, "drill.done", degrades, "the last drill region-kill of the platform as it is described now passed",
       "understudy drill --fault region-kill, with the same -f and --data"}, Needs::drills, drilled},
  Row{{710, "drill.age", note, "it is less than 30 days old",
       "understudy drill --fault region-kill, with the same -f and --data"}, Needs::drills, drilled_lately},
  Row{{730, "drill.rto", degrades, "by past drills, nine of ten failovers meet the objectives",
       "understudy timeline shows where the time goes; or promise less"}, Needs::drills, fast_enough},
};
// clang-format on

constexpr bool ids_grow() {
  for (std::size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i - 1].question.id >= kRows[i].question.id) return false;
  }
  return true;
}
static_assert(ids_grow());

/// Why its agent says nothing is the answer to questions 40 and 50.
std::string no_agent(const std::string& region) { return region + "'s agent does not answer"; }

std::string not_inspected(const View& view, const std::string& region) {
  const RegionFacts& facts = view.of(region);
  if (!facts.status) return no_agent(region);
  return fmt::format("{}'s agent could not be asked: {}", region, facts.inspection_problem);
}

/// Who must have said what before a question can be asked.
struct Prerequisites {
  std::vector<std::string> says;       ///< regions whose agents must have answered
  std::vector<std::string> inspected;  ///< and whose agents must have inspected them
  std::vector<std::string> databases;  ///< and whose databases must have been inspected, too
};

Prerequisites prerequisites(const View& view, Needs needs) {
  const std::vector<std::string> active = {view.active};
  const std::vector<std::string> target = {view.target};
  const std::vector<std::string> both = {view.target, view.active};
  switch (needs) {
    case Needs::active_says: return {.says = active, .inspected = {}, .databases = {}};
    case Needs::standby_says: return {.says = target, .inspected = {}, .databases = {}};
    case Needs::both_say: return {.says = both, .inspected = {}, .databases = {}};
    case Needs::active_inspected: return {.says = {}, .inspected = active, .databases = {}};
    case Needs::standby_inspected: return {.says = {}, .inspected = target, .databases = {}};
    case Needs::both_inspected: return {.says = {}, .inspected = both, .databases = {}};
    case Needs::active_database: return {.says = {}, .inspected = active, .databases = active};
    case Needs::both_databases: return {.says = {}, .inspected = both, .databases = both};
    default: return {};
  }
}

/// Why the question cannot be asked; "" if it can.
std::string obstacle(const View& view, Needs needs) {
  if (needs == Needs::nothing) return "";
  if (needs == Needs::drills)
    return view.facts.drills ? "" : "past drills cannot be read: " + view.facts.drills_problem;
  if (!view.facts.record) return "the record is not known";
  const Prerequisites must = prerequisites(view, needs);
  for (const std::string& region : must.says) {
    if (!view.of(region).status) return no_agent(region);
  }
  for (const std::string& region : must.inspected) {
    if (!view.of(region).inspection) return not_inspected(view, region);
  }
  for (const std::string& region : must.databases) {
    const Inspection& seen = *view.of(region).inspection;
    if (!seen.database)
      return fmt::format("{}'s database does not answer: {}", region, seen.database_problem);
  }
  return "";
}

/// The table's advice with the regions' names in it.
std::string advice_for(const View& view, std::string advice) {
  for (const auto& [part, region] : {std::pair{std::string("STANDBY"), view.target},
                                     std::pair{std::string("ACTIVE"), view.active}}) {
    if (const auto at = advice.find(part); at != std::string::npos && !region.empty())
      advice.replace(at, part.size(), region);
  }
  return advice;
}

Answer answer_to(const Row& row, const View& view) {
  const std::string unknown = obstacle(view, row.needs);
  Answer answer = unknown.empty() ? row.check(view) : not_known(unknown);
  if (answer.state == Answer::State::ok) return answer;
  answer.severity = std::min(answer.severity, row.question.severity);
  if (answer.advice.empty()) answer.advice = advice_for(view, std::string(row.question.advice));
  return answer;
}

}  // namespace

namespace readiness {

Answer ok() { return {}; }
Answer found(std::string cause, std::string advice) {
  return found(Severity::blocks, std::move(cause), std::move(advice));
}
Answer found(Severity severity, std::string cause, std::string advice) {
  return {Answer::State::finding, severity, std::move(cause), std::move(advice)};
}
Answer not_known(std::string cause) {
  return {Answer::State::unknown, Severity::blocks, std::move(cause), ""};
}
Answer found_all(const std::vector<std::string>& causes) {
  return causes.empty() ? ok() : found(fmt::format("{}", fmt::join(causes, "; ")));
}

void Findings::add(Severity severity, std::string cause) {
  worst_ = std::max(worst_, severity);
  causes_.push_back(std::move(cause));
}

Answer Findings::answer() const {
  Answer all = found_all(causes_);
  if (all.state != Answer::State::ok) all.severity = worst_;
  return all;
}

}  // namespace readiness

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::degrades: return "degrades";
    case Severity::blocks: return "blocks";
  }
  return "blocks";
}

std::string_view to_string(Answer::State state) {
  switch (state) {
    case Answer::State::ok: return "ok";
    case Answer::State::finding: return "finding";
    case Answer::State::unknown: return "unknown";
  }
  return "unknown";
}

std::vector<Question> readiness_questions() {
  std::vector<Question> all;
  for (const Row& row : kRows) all.push_back(row.question);
  return all;
}

std::vector<int> Readiness::ids(Severity severity) const {
  std::vector<int> found;
  for (const auto& [question, answer] : answers) {
    if (answer.state != Answer::State::ok && answer.severity == severity)
      found.push_back(question.id);
  }
  return found;
}

bool Readiness::any(Severity severity) const { return !ids(severity).empty(); }

int Readiness::score() const {
  if (!ready()) return 0;
  const auto lost = 10 * ids(Severity::degrades).size() + 2 * ids(Severity::note).size();
  return std::max(1, 100 - static_cast<int>(lost));
}

Readiness judge_readiness(const Topology& topology, const ReadinessFacts& facts) {
  View view{topology, facts, "", ""};
  if (facts.record) {
    view.active = facts.record->active;
    view.target = topology.other(view.active).name;
  }
  Readiness readiness{.at = facts.now,
                      .active = view.active,
                      .target = view.target,
                      .answers = {},
                      .prediction = predict(facts)};
  for (const Row& row : kRows) readiness.answers.emplace_back(row.question, answer_to(row, view));
  return readiness;
}

std::string describe_readiness() {
  std::string text = "| id | name | ok means | else | what to do |\n|---|---|---|---|---|\n";
  for (const Row& row : kRows) {
    const Question& question = row.question;
    text += fmt::format("| {} | `{}` | {} | {} | {} |\n", question.id, question.name, question.asks,
                        to_string(question.severity), question.advice);
  }
  return text;
}

}  // namespace understudy
