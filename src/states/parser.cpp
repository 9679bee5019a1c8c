#include "states/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "states/failure.h"

namespace understudy::states {
namespace {

constexpr std::int64_t kSecondsMax = 99'999'999;
constexpr std::size_t kNameLengthMax = 80;

/// Every place a state can lead to.
std::vector<Target*> targets_of(State& state) {
  std::vector<Target*> targets;
  if (!state.next.name.empty()) targets.push_back(&state.next);
  for (auto& catcher : state.catchers) targets.push_back(&catcher.next);
  if (auto* choice = std::get_if<ChoiceFields>(&state.fields)) {
    for (auto& rule : choice->rules) targets.push_back(&rule.next);
    if (!choice->otherwise.name.empty()) targets.push_back(&choice->otherwise);
  }
  return targets;
}

bool is_terminal(const State& state) {
  return state.end || state.type() == StateType::succeed || state.type() == StateType::fail;
}

}  // namespace

bool DocumentParser::refuses_language(Fields& fields) {
  const auto language = fields.text("QueryLanguage");
  if (!language || *language == "JSONPath") return false;
  fields.problem(
      "QueryLanguage",
      fmt::format("\"{}\" is not supported; only the JSONPath query language is", *language));
  return true;
}

Flow DocumentParser::document(const json::value& document) {
  Fields fields(document, "", problems_);
  if (!document.is_object() || refuses_language(fields)) return {};
  fields.text("Comment");
  const auto version = fields.text("Version");
  if (version && *version != "1.0") fields.problem("Version", "must be \"1.0\"");
  const auto timeout = fields.integer("TimeoutSeconds", 1, kSecondsMax);
  auto parsed = flow(fields);
  parsed.timeout_s = timeout;
  fields.refuse_the_rest("a state machine");
  return parsed;
}

Flow DocumentParser::flow(Fields& fields) {
  Flow flow;
  const auto start = fields.text("StartAt", Need::required);
  const auto* states = fields.object("States", Need::required);
  if (states == nullptr) return flow;
  if (states->empty()) fields.problem("States", "must hold at least one state");
  for (const auto& [key, value] : *states) {
    const std::string name(key);
    const auto path = fmt::format("{}/{}", fields.path_of("States"), name);
    if (!names_.insert(name).second) {
      problems_.push_back({path, "the name is taken by another state of this machine"});
    }
    if (name.empty() || name.size() > kNameLengthMax) {
      problems_.push_back({path, fmt::format("a name has 1 to {} characters", kNameLengthMax)});
    }
    flow.states.push_back(state(name, value, path));
  }
  if (start && !states->empty()) connect(flow, fields, *start);
  return flow;
}

void DocumentParser::connect(Flow& flow, const Fields& fields, const std::string& start) {
  const auto before = problems_.size();
  for (const auto& state : flow.states) {
    for (auto* target : targets_of(*state)) {
      target->state = flow.find(target->name);
      if (target->state != nullptr) continue;
      problems_.push_back({target->path, fmt::format("no state named \"{}\"", target->name)});
    }
  }
  flow.start = flow.find(start);
  if (flow.start == nullptr) {
    problems_.push_back({fields.path_of("StartAt"), fmt::format("no state named \"{}\"", start)});
  }
  if (std::ranges::none_of(flow.states, [](const auto& state) { return is_terminal(*state); })) {
    problems_.push_back({fields.path_of("States"),
                         "no terminal state: none has End, and none is a "
                         "Succeed or Fail"});
  }
  // With a name misspelt, everything behind it would be called unreachable too.
  if (problems_.size() == before) require_reachable(flow, fields.path_of("States"));
}

void DocumentParser::require_reachable(const Flow& flow, const std::string& path) {
  std::set<const State*> reached{flow.start};
  std::vector<State*> look{flow.start};
  while (!look.empty()) {
    auto* state = look.back();
    look.pop_back();
    for (const auto* target : targets_of(*state)) {
      if (reached.insert(target->state).second) look.push_back(target->state);
    }
  }
  for (const auto& state : flow.states) {
    if (reached.contains(state.get())) continue;
    problems_.push_back({fmt::format("{}/{}", path, state->name),
                         "is unreachable: neither StartAt nor any other state leads to it"});
  }
}

std::unique_ptr<State> DocumentParser::state(const std::string& name, const json::value& value,
                                             const std::string& path) {
  auto parsed = std::make_unique<State>();
  parsed->name = name;
  parsed->path = path;
  parsed->fields = SucceedFields{};
  Fields fields(value, path, problems_);
  const auto type = fields.text("Type", Need::required);
  if (!type || refuses_language(fields)) return parsed;
  fields.text("Comment");
  kind(fields, *parsed, *type);
  return parsed;
}

void DocumentParser::kind(Fields& fields, State& state, const std::string& type) {
  using Reader = void (DocumentParser::*)(Fields&, State&);
  constexpr std::array<std::pair<std::string_view, Reader>, 8> readers{{
      {"Task", &DocumentParser::task},
      {"Pass", &DocumentParser::pass},
      {"Choice", &DocumentParser::choice},
      {"Wait", &DocumentParser::wait},
      {"Succeed", &DocumentParser::succeed},
      {"Fail", &DocumentParser::fail},
      {"Parallel", &DocumentParser::parallel},
      {"Map", &DocumentParser::map},
  }};
  for (const auto& [name, reader] : readers) {
    if (name != type) continue;
    (this->*reader)(fields, state);
    fields.refuse_the_rest(fmt::format("a {} state", type));
    return;
  }
  fields.problem("Type", fmt::format("\"{}\" is no type of state", type));
}

void DocumentParser::transition(Fields& fields, State& state) {
  state.next = fields.target("Next");
  state.end = fields.boolean("End").value_or(false);
  if (state.end && fields.has("Next")) fields.problem("End", "must not stand beside \"Next\"");
  if (!state.end && !fields.has("Next")) {
    fields.problem("Next", "is required, or \"End\": true");
  }
}

void DocumentParser::input_output(Fields& fields, State& state) {
  state.input_path = fields.path_field("InputPath");
  state.output_path = fields.path_field("OutputPath");
}

void DocumentParser::result(Fields& fields, State& state) {
  state.result_selector = fields.payload("ResultSelector");
  state.result_path = fields.result_path("ResultPath");
}

std::optional<Template> DocumentParser::assign(Fields& fields) {
  const auto* object = fields.object("Assign");
  if (object == nullptr) return std::nullopt;
  for (const auto& member : *object) {
    std::string_view name(member.key().data(), member.key().size());
    if (name.ends_with(".$")) name.remove_suffix(2);
    const bool valid =
        !name.empty() && name.size() <= kNameLengthMax &&
        std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!valid || name == "states") {
      fields.problem("Assign", fmt::format("\"{}\" is no name for a variable", name));
    }
  }
  return fields.payload("Assign");
}

std::vector<std::string> DocumentParser::error_names(Fields& fields, bool last) {
  auto names = fields.texts("ErrorEquals", Need::required);
  if (std::ranges::find(names, "States.ALL") != names.end()) {
    if (names.size() > 1) fields.problem("ErrorEquals", "\"States.ALL\" must stand alone");
    if (!last) fields.problem("ErrorEquals", "\"States.ALL\" must come last");
  }
  return names;
}

void DocumentParser::retry(Fields& fields, State& state) {
  const auto* all = fields.array("Retry");
  if (all == nullptr) return;
  for (std::size_t i = 0; i < all->size(); ++i) {
    Fields each((*all)[i], fmt::format("{}/{}", fields.path_of("Retry"), i), problems_);
    Retrier retrier;
    retrier.errors = error_names(each, i + 1 == all->size());
    retrier.interval_s = each.integer("IntervalSeconds", 1, kSecondsMax).value_or(1);
    retrier.attempts_max = each.integer("MaxAttempts", 0, kSecondsMax).value_or(3);
    retrier.backoff_rate = each.number("BackoffRate", 1.0).value_or(2.0);
    retrier.delay_max_s = each.integer("MaxDelaySeconds", 1, 31'622'400);
    const auto jitter = each.text("JitterStrategy").value_or("NONE");
    retrier.full_jitter = jitter == "FULL";
    if (jitter != "FULL" && jitter != "NONE") {
      each.problem("JitterStrategy", "must be \"FULL\" or \"NONE\"");
    }
    if (retrier.delay_max_s && *retrier.delay_max_s <= retrier.interval_s) {
      each.problem("MaxDelaySeconds", "must be greater than IntervalSeconds");
    }
    each.text("Comment");
    each.refuse_the_rest("a retrier");
    state.retriers.push_back(std::move(retrier));
  }
}

void DocumentParser::catch_errors(Fields& fields, State& state) {
  const auto* all = fields.array("Catch");
  if (all == nullptr) return;
  for (std::size_t i = 0; i < all->size(); ++i) {
    Fields each((*all)[i], fmt::format("{}/{}", fields.path_of("Catch"), i), problems_);
    Catcher catcher;
    catcher.errors = error_names(each, i + 1 == all->size());
    catcher.next = each.target("Next", Need::required);
    catcher.result_path = each.result_path("ResultPath");
    catcher.assign = assign(each);
    each.text("Comment");
    each.refuse_the_rest("a catcher");
    state.catchers.push_back(std::move(catcher));
  }
}

}  // namespace understudy::states
