#pragma once
// The record of one execution that has ended: what was decided, ordered, answered and by whom.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "record/chain.h"
#include "states/execution.h"
#include "states/history.h"

namespace understudy::record {

/// Kinds of entries, in the order of a record: one start; history, event and order as they came;
/// one metrics, one end.
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kHistory = "history";  ///< what the journal holds
inline constexpr std::string_view kEvent = "event";      ///< what the controller told besides
inline constexpr std::string_view kOrder = "order";      ///< the same, of what a person ordered
inline constexpr std::string_view kMetrics = "metrics";
inline constexpr std::string_view kEnd = "end";

inline constexpr std::string_view kFormat = "understudy-incident-record-1";

/// How long before its start what was decided about the region is told.
inline constexpr Duration kEvidenceBefore = std::chrono::minutes(1);

/// Where a record stands among those of its platform.
struct Place {
  std::uint64_t number = 1;
  std::string previous{kGenesis};  ///< the hash of the one before
  std::string previous_execution;  ///< whose that is; "" for the first
};

/// All that a record is made of. Equal material makes equal bytes.
struct Material {
  Place place;
  std::string platform;
  states::ExecutionInfo info;  ///< with the seed, which is not told
  std::string document;
  WallTime started{};
  std::string status;  ///< "SUCCEEDED" ...
  std::vector<states::HistoryEvent> history;
  boost::json::value settings;  ///< the topology as JSON
  /// The controller's wide events since events_since(), oldest first; those that concern it are
  /// chosen: that name it, people's orders after `orders_since`, and what was decided about its
  /// region.
  std::vector<boost::json::object> events;
  WallTime orders_since{};
  std::string program;               ///< version
  std::string program_sha256;        ///< of its file; "" if that could not be read
  std::vector<std::string> secrets;  ///< none of them may be told; "redacted" stands for each

  [[nodiscard]] WallTime ended() const;
  [[nodiscard]] WallTime events_since() const;
};

/// Not signed yet.
[[nodiscard]] Chain build(const Material& material);

}  // namespace understudy::record
