#include "record/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "states/machine.h"

namespace understudy::record {

namespace {

Result<states::Execution::Replayed> replay(const states::ExecutionInfo& info,
                                           const std::string& document,
                                           std::span<const states::HistoryEvent> history) {
  auto parsed = states::Machine::parse(document);
  if (!parsed.machine) return Error{After::unchanged_final, "the document is no workflow"};
  return states::Execution::replay(parsed.machine, info, history, history.back().timestamp);
}

}  // namespace

std::optional<std::vector<std::string>> tokens_given(
    const states::ExecutionInfo& info, const std::string& document,
    std::span<const states::HistoryEvent> history) {
  if (history.empty()) return std::vector<std::string>();
  const auto replayed = replay(info, document, history);
  if (!replayed) return std::nullopt;
  return replayed->execution.given_tokens();
}

bool draws_chance(std::string_view document) {
  static constexpr std::array<std::string_view, 3> kDraws = {"States.UUID", "States.MathRandom",
                                                             "JitterStrategy"};
  return std::ranges::any_of(
      kDraws, [&](std::string_view draw) { return document.find(draw) != std::string_view::npos; });
}

Result<Done> prove(const states::ExecutionInfo& info, const std::string& document,
                   std::span<const states::HistoryEvent> history, std::string_view status) {
  if (history.empty()) {
    // The controller died before it had begun.
    if (status == to_string(states::Status::aborted)) return Done{};
    return Error{After::unchanged_final, fmt::format("nothing happened, yet it {}", status)};
  }
  const auto replayed = replay(info, document, history);
  if (!replayed) return replayed.error();
  if (!replayed->completed.empty())
    return Error{After::unchanged_final, "the history ends before its last step does"};
  const auto end = to_string(replayed->execution.status());
  if (end != status) {
    return Error{After::unchanged_final,
                 fmt::format("the document leads to {}, not to {}", end, status)};
  }
  return Done{};
}

}  // namespace understudy::record
