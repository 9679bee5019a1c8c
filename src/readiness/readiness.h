#pragma once
// Can we fail over right now? Facts of one moment go in, an answer to each question of a table
// comes out, and a score. Pure: gathering the facts is the controller's readiness watch's.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/drill_history.h"
#include "ports/inspection.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "ports/vantage.h"
#include "topology/topology.h"

namespace understudy {

/// A region's wall clock against the controller's.
struct ClockReading {
  Duration ahead{};
  Duration uncertain{};  ///< half the round trip of the question
};

/// What is known of one region. Where something is missing, the text beside it says why.
struct RegionFacts {
  std::optional<AgentStatus> status;
  std::string status_problem;
  WallTime status_at{};  ///< by the controller's clock, before it was asked
  std::optional<Inspection> inspection;
  std::string inspection_problem;
  std::optional<ClockReading> clock;
};

/// One look from a vantage; none: it did not answer.
using VantageFacts = std::map<std::string, std::optional<Sighting>>;

struct ReadinessFacts {
  WallTime now{};  ///< the controller's
  std::optional<Record> record;
  std::string record_problem;
  std::map<std::string, RegionFacts> regions;  ///< both
  VantageFacts standby_seen;
  std::optional<std::string> serving;  ///< the region behind the public ingress
  std::string serving_problem;
  std::string build;           ///< of the controller's program that runs
  std::string deployed;        ///< of its program that lies there now, to be started next
  std::string agent_deployed;  ///< of the agents' that does
  std::map<std::string, WallTime> certificates;  ///< by owner: their ends. Beside the agents' own
  std::string hindrance;       ///< why a failover would not begin by itself now; "": it would
  std::string alerts_problem;  ///< why alerts may reach nobody; ""
  std::string platform_digest;
  std::optional<std::vector<PastDrill>> drills;
  std::string drills_problem;
};

enum class Severity : std::uint8_t {
  note,      ///< somebody should know
  degrades,  ///< a failover would be slower, or partial
  blocks,    ///< a failover would fail, or lose more than the budget
};
[[nodiscard]] std::string_view to_string(Severity severity);

struct Answer {
  enum class State : std::uint8_t {
    ok,
    finding,
    unknown,  ///< the fact could not be had: never ok, and as grave as the gravest finding
  };
  State state = State::ok;
  Severity severity = Severity::note;  ///< of anything but ok; at most the question's
  std::string cause;                   ///< "" if ok
  std::string advice;                  ///< what to do; "" if ok
};
[[nodiscard]] std::string_view to_string(Answer::State state);

/// One row of the table. Ids have gaps, grow, and are never reused.
struct Question {
  int id;
  std::string_view name;    ///< "database.lag"
  Severity severity;        ///< of its gravest answer
  std::string_view asks;    ///< as a statement: ok means that it is so
  std::string_view advice;  ///< STANDBY and ACTIVE stand for the regions' names
};
[[nodiscard]] std::vector<Question> readiness_questions();

/// How long a failover takes, by past drills `region-kill` of the platform as it is described now.
struct Prediction {
  std::size_t drills = 0;  ///< the newest, twenty at most
  std::int64_t rto_median_ms = 0;
  std::int64_t rto_p90_ms = 0;
  std::int64_t rto_full_p90_ms = 0;
};
/// None: there was no such drill.
[[nodiscard]] std::optional<Prediction> predict(const ReadinessFacts& facts);

struct Readiness {
  WallTime at{};
  std::string active;                                ///< "" if it is not known
  std::string target;                                ///< whom a failover would make active
  std::vector<std::pair<Question, Answer>> answers;  ///< to every question, by id
  std::optional<Prediction> prediction;

  [[nodiscard]] bool any(Severity severity) const;
  /// Nothing blocks.
  [[nodiscard]] bool ready() const { return !any(Severity::blocks); }
  /// 0 if anything blocks; else 100, less 10 for each answer that degrades and 2 for each note, and
  /// at least 1.
  [[nodiscard]] int score() const;
  /// Ids of what is not ok and of that severity.
  [[nodiscard]] std::vector<int> ids(Severity severity) const;
};

[[nodiscard]] Readiness judge_readiness(const Topology& topology, const ReadinessFacts& facts);

/// The table in Markdown, as docs/readiness.md has it.
[[nodiscard]] std::string describe_readiness();

}  // namespace understudy
