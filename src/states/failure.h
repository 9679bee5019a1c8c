#pragma once
// How an evaluation inside the engine gives up. Thrown and caught within this library only.

#include <optional>
#include <string>
#include <utility>

namespace understudy::states {

/// An error as Step Functions names it. Absent members are absent in the history too.
struct Failure {
  std::optional<std::string> error;
  std::optional<std::string> cause;
  /// States.Runtime raised by the engine itself: neither Retry nor Catch ever sees it.
  bool final = false;
  /// A missed heartbeat: shown as States.Timeout, also matched by States.HeartbeatTimeout.
  bool heartbeat = false;
};

/// The document asked for something that the data does not have. What is the sentence for people;
/// the engine puts the state and the event in front of it.
struct EvaluationFailed {
  std::string error;
  std::string what;
};

[[nodiscard]] inline EvaluationFailed runtime_failure(std::string what) {
  return {"States.Runtime", std::move(what)};
}

/// A text in the document that does not parse; the parser adds the place.
struct Malformed {
  std::string what;
};

}  // namespace understudy::states
