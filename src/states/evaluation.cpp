// The context object, `$$`.

#include <boost/json.hpp>

#include "states/fold.h"

namespace understudy::states {

Evaluation::Evaluation(Fold& fold, const Branch& branch, const Data& input)
    : fold_(fold),
      branch_(branch),
      context_([this]() -> const Data& {
        if (!built_) built_ = Data(build());
        return *built_;
      }),
      scope_{input, context_, branch.variables, fold.random_} {
  for (const auto* at = &branch; at != nullptr; at = at->parent) {
    if (!at->item) continue;
    item_.emplace(at->index, *at->item);
    break;
  }
}

Evaluation::Evaluation(Fold& fold, const Branch& branch, const Data& input, std::size_t index,
                       const Data& item)
    : Evaluation(fold, branch, input) {
  item_.emplace(index, item);
}

json::object Evaluation::build() const {
  const auto& info = fold_.info_;
  json::object context;
  context.reserve(5);
  context["Execution"] = json::object{{"Id", info.arn},
                                      {"Input", fold_.input_.value()},
                                      {"StartTime", format_wall(fold_.started_at_)},
                                      {"Name", info.name},
                                      {"RoleArn", info.role_arn},
                                      {"RedriveCount", 0}};
  context["StateMachine"] = json::object{{"Id", info.machine_arn}, {"Name", info.machine_name}};
  json::object state{{"Name", branch_.state->name},
                     {"EnteredTime", format_wall(branch_.entered_at)}};
  const auto type = branch_.state->type();
  if (type == StateType::task || type == StateType::parallel || type == StateType::map) {
    state["RetryCount"] = branch_.retry_count;
  }
  context["State"] = std::move(state);
  if (type == StateType::task && !branch_.attempt.token.empty()) {
    context["Task"] = json::object{{"Token", branch_.attempt.token}};
  }
  if (item_) {
    context["Map"] =
        json::object{{"Item", json::object{{"Index", static_cast<std::int64_t>(item_->first)},
                                           {"Value", item_->second.value()}}}};
  }
  return context;
}

}  // namespace understudy::states
