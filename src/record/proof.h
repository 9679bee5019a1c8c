#pragma once
// A history is what its document would do, or it is not: told the same again, the engine must write
// down the same.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "states/execution.h"
#include "states/history.h"

namespace understudy::record {

/// The task tokens that an execution gave out, in order; by its journal and its seed. None if the
/// two do not fit each other, or the document: then nobody can say which they were.
[[nodiscard]] std::optional<std::vector<std::string>> tokens_given(
    const states::ExecutionInfo& info, const std::string& document,
    std::span<const states::HistoryEvent> history);

/// A history cannot be proved without its seed if the document draws chance.
[[nodiscard]] bool draws_chance(std::string_view document);

/// Error: the first event that the document does not lead to, or another end than `status`.
/// `info.tokens` must hold what stands for the tokens in the history.
[[nodiscard]] Result<Done> prove(const states::ExecutionInfo& info, const std::string& document,
                                 std::span<const states::HistoryEvent> history,
                                 std::string_view status);

}  // namespace understudy::record
