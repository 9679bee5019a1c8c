#pragma once
// Wide events: one JSON object for each thing that happened. Timelines, RTO and metrics come from
// them.

#include <boost/json/object.hpp>
#include <string_view>

namespace understudy {

/// Thread-safe. Never fails the caller; what cannot be written is counted and said later.
class Events {
 public:
  virtual ~Events() = default;
  /// `name` says what happened to which subject ("lease.granted", "standby.promoted"): an interface
  /// the day an alert matches it. No secrets in `fields`.
  virtual void emit(std::string_view name, boost::json::object fields) = 0;
};

}  // namespace understudy
