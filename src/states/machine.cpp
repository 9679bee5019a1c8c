#include "states/machine.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "states/failure.h"
#include "states/parser.h"
#include "states/state.h"

namespace understudy::states {

std::string_view to_string(StateType type) {
  constexpr std::array<std::string_view, 8> names{"Task",    "Pass", "Choice",   "Wait",
                                                  "Succeed", "Fail", "Parallel", "Map"};
  return names[static_cast<std::size_t>(type)];
}

std::string to_string(const Problem& problem) {
  return fmt::format("{}: {}", problem.path, problem.what);
}

State* Flow::find(std::string_view name) const {
  for (const auto& state : states) {
    if (state->name == name) return state.get();
  }
  return nullptr;
}

namespace {

/// The text of an object that has one more member than before, at its end. An execution's data only
/// grows, so most of its text is that of the state before.
std::string text_with_member(const std::string& object, const std::string& name,
                             const std::string& member) {
  std::string text;
  text.reserve(object.size() + name.size() + member.size() + 8);
  text.append(object, 0, object.size() - 1);
  if (text.size() > 1) text += ',';
  text += to_text(json::string(name));
  text += ':';
  text += member;
  text += '}';
  return text;
}

}  // namespace

Data ResultPath::place(const Data& input, Data result) const {
  if (discard) return input;
  if (text == "$") return result;
  auto placed = path.put(input.value(), result.value());
  if (placed) {
    const auto* name = path.member_name();
    const auto* before = input.value().if_object();
    if (name == nullptr || before == nullptr || before->contains(*name))
      return Data(std::move(*placed));
    return {std::move(*placed), text_with_member(input.text(), *name, result.text())};
  }
  throw EvaluationFailed{
      "States.ResultPathMatchFailure",
      fmt::format("Unable to apply ReferencePath {} to input {}", text, input.text())};
}

namespace {

void summarise(const Flow& flow, std::vector<StateSummary>& out) {
  for (const auto& state : flow.states) {
    const auto* task = std::get_if<TaskFields>(&state->fields);
    out.push_back({state->name, state->path, state->type(),
                   task == nullptr ? std::string() : task->resource.text});
    if (const auto* parallel = std::get_if<ParallelFields>(&state->fields)) {
      for (const auto& branch : parallel->branches) summarise(branch, out);
    } else if (const auto* map = std::get_if<MapFields>(&state->fields)) {
      summarise(map->processor, out);
    }
  }
}

}  // namespace

Machine::Machine(std::unique_ptr<const Flow> flow) : flow_(std::move(flow)) {
  summarise(*flow_, summaries_);
}

Machine::~Machine() = default;

Machine::Parsed Machine::parse(std::string_view text) {
  boost::system::error_code failed;
  boost::json::parse_options options;
  options.max_depth = 256;
  const auto document = boost::json::parse({text.data(), text.size()}, failed, {}, options);
  if (failed) {
    return {nullptr, {{"/", fmt::format("is no JSON document: {}", failed.message())}}};
  }
  return parse_document(document);
}

Machine::Parsed Machine::parse_document(const boost::json::value& document) {
  Parsed parsed;
  auto flow = std::make_unique<Flow>(DocumentParser(parsed.problems).document(document));
  if (parsed.problems.empty()) {
    parsed.machine = std::shared_ptr<const Machine>(new Machine(std::move(flow)));
  }
  return parsed;
}

}  // namespace understudy::states
