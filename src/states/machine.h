#pragma once
// A state machine in Amazon States Language (the JSONPath dialect), parsed and validated.

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::states {

struct Flow;

enum class StateType : std::uint8_t { task, pass, choice, wait, succeed, fail, parallel, map };

/// As in the document: "Task", "Pass" …
[[nodiscard]] std::string_view to_string(StateType type);

/// One thing wrong in a document.
struct Problem {
  std::string path;  ///< The place: "/States/Fence/Next"; "/" for the document as a whole.
  std::string what;  ///< "no state named \"X\"".
};

/// "/States/Fence/Next: no state named \"X\""
[[nodiscard]] std::string to_string(const Problem& problem);

/// A state as others may want to list it, those inside Parallel and Map included.
struct StateSummary {
  std::string name;  ///< Unique in the document.
  std::string path;  ///< "/States/Scale/ItemProcessor/States/ScaleOne"
  StateType type = StateType::pass;
  std::string resource;  ///< Of a Task; else empty.
};

/// A parsed document. Immutable, so one Machine may serve any number of executions on any number of
/// threads. Paths and templates are parsed once, here.
class Machine {
 public:
  struct Parsed {
    std::shared_ptr<const Machine> machine;  ///< Null if there are problems.
    std::vector<Problem> problems;           ///< In the order of the document.
  };

  /// Reads and validates. Refused with a clear problem: JSONata, distributed Map, activities.
  [[nodiscard]] static Parsed parse(std::string_view text);
  [[nodiscard]] static Parsed parse_document(const boost::json::value& document);

  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// In the order of the document.
  [[nodiscard]] const std::vector<StateSummary>& states() const { return summaries_; }

  /// For the engine only.
  [[nodiscard]] const Flow& flow() const { return *flow_; }

 private:
  explicit Machine(std::unique_ptr<const Flow> flow);

  std::unique_ptr<const Flow> flow_;
  std::vector<StateSummary> summaries_;
};

}  // namespace understudy::states
