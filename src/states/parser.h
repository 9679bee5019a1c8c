#pragma once
// Builds the parts of a Machine out of a document. Internal to this library.

#include <set>
#include <string>
#include <vector>

#include "states/fields.h"
#include "states/state.h"

namespace understudy::states {

/// One use each. Problems are collected, so that a writer sees all of them at once; what was parsed
/// is only whole if there are none.
class DocumentParser {
 public:
  explicit DocumentParser(std::vector<Problem>& problems) : problems_(problems) {}

  Flow document(const json::value& document);

 private:
  Flow flow(Fields& fields);
  void connect(Flow& flow, const Fields& fields, const std::string& start);
  void require_reachable(const Flow& flow, const std::string& path);

  std::unique_ptr<State> state(const std::string& name, const json::value& value,
                               const std::string& path);
  void kind(Fields& fields, State& state, const std::string& type);
  void task(Fields& fields, State& state);
  void pass(Fields& fields, State& state);
  void choice(Fields& fields, State& state);
  void wait(Fields& fields, State& state);
  void succeed(Fields& fields, State& state);
  void fail(Fields& fields, State& state);
  void parallel(Fields& fields, State& state);
  void map(Fields& fields, State& state);
  Flow processor(Fields& fields);

  void transition(Fields& fields, State& state);
  void input_output(Fields& fields, State& state);
  void result(Fields& fields, State& state);
  std::optional<Template> assign(Fields& fields);
  void retry(Fields& fields, State& state);
  void catch_errors(Fields& fields, State& state);
  std::vector<std::string> error_names(Fields& fields, bool last);

  ChoiceRule rule(const json::value& value, const std::string& path);
  Condition condition(Fields& fields);
  void compare(Fields& fields, Condition& condition);
  void operand(Fields& fields, const std::string& key, const ComparisonName& named, bool is_path,
               Condition& condition);

  /// True, with a problem, if the object asks for JSONata.
  bool refuses_language(Fields& fields);

  std::vector<Problem>& problems_;
  std::set<std::string> names_;
};

}  // namespace understudy::states
