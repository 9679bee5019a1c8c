#pragma once
// A parsed document's parts, as the engine walks them. Internal to this library.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "states/choice.h"
#include "states/machine.h"
#include "states/retry.h"
#include "states/template.h"

namespace understudy::states {

struct State;

/// States that lead to one another: the machine, a Parallel's branch, a Map's processor.
struct Flow {
  std::vector<std::unique_ptr<State>> states;  ///< In the order of the document.
  State* start = nullptr;
  std::optional<std::int64_t> timeout_s;  ///< Of the machine only.

  [[nodiscard]] State* find(std::string_view name) const;
};

/// InputPath, OutputPath: `$` if absent; null throws the data away.
struct PathField {
  std::optional<Reference> reference;
  bool discard = false;
};

/// ResultPath: `$` (replace) if absent; null keeps the input.
struct ResultPath {
  JsonPath path;
  std::string text = "$";
  bool discard = false;

  /// The input with the result in its place. Throws EvaluationFailed.
  [[nodiscard]] Data place(const Data& input, Data result) const;
};

/// A number in the document, or a path to one.
struct NumberField {
  std::optional<std::int64_t> constant;
  std::optional<Reference> path;

  [[nodiscard]] bool given() const { return constant || path; }
};

struct Target {
  std::string name;
  std::string path;  ///< Where in the document it is named.
  State* state = nullptr;
};

struct Catcher {
  std::vector<std::string> errors;
  Target next;
  ResultPath result_path;
  std::optional<Template> assign;
};

/// What a Resource asks for: "arn:aws:states:::sqs:sendMessage.waitForTaskToken" is the action
/// "sendMessage.waitForTaskToken" of "sqs", and waits for a token.
struct Resource {
  std::string text;
  std::string type;
  std::string action;
  bool is_function = false;  ///< A Lambda function's ARN: its events are the LambdaFunction… ones.
  bool waits_for_token = false;
  bool is_job = false;  ///< .sync: submitted, then watched until it ends.

  [[nodiscard]] static Resource parse(std::string_view text);
};

struct TaskFields {
  Resource resource;
  NumberField timeout;
  NumberField heartbeat;
  std::optional<Template> credentials;
};

struct PassFields {
  std::optional<Data> result;
};

struct ChoiceRule {
  Condition condition;
  Target next;
  std::optional<Template> assign;
};

struct ChoiceFields {
  std::vector<ChoiceRule> rules;
  Target otherwise;  ///< Empty name: no Default.
};

struct WaitFields {
  std::optional<std::int64_t> seconds;
  std::optional<WallTime> timestamp;
  std::optional<Reference> seconds_path;
  std::optional<Reference> timestamp_path;
};

struct SucceedFields {};

/// A text of a Fail state: fixed, a reference, or an intrinsic call.
struct TextField {
  std::optional<std::string> constant;
  std::optional<Expression> path;
  std::string path_text;
};

struct FailFields {
  TextField error;
  TextField cause;
};

struct ParallelFields {
  std::vector<Flow> branches;
};

struct MapFields {
  Flow processor;
  std::optional<Reference> items_path;
  std::optional<Template> item_selector;
  NumberField concurrency_max;
  NumberField tolerated_count;
  NumberField tolerated_percentage;
};

struct State {
  std::string name;
  std::string path;  ///< Where in the document.
  std::variant<TaskFields, PassFields, ChoiceFields, WaitFields, SucceedFields, FailFields,
               ParallelFields, MapFields>
      fields;

  Target next;
  bool end = false;

  PathField input_path;
  PathField output_path;
  ResultPath result_path;
  std::optional<Template> parameters;
  std::optional<Template> result_selector;
  std::optional<Template> assign;
  std::vector<Retrier> retriers;
  std::vector<Catcher> catchers;

  [[nodiscard]] StateType type() const { return static_cast<StateType>(fields.index()); }
};

}  // namespace understudy::states
