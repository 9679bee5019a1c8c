#pragma once
// Bytes a little different from good ones; the same for the same number, on every machine.

#include <cstdint>
#include <string>
#include <vector>

namespace understudy::fuzz {

/// The `number`th change of these seeds: up to four flipped, replaced, repeated, removed or foreign
/// pieces. Requires: there are seeds.
[[nodiscard]] std::string mutation(const std::vector<std::string>& seeds, std::uint64_t number);

}  // namespace understudy::fuzz
