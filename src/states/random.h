#pragma once
// The one source of chance in an execution: the same seed gives the same draws on every machine.

#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::states {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next();
  /// Any of 0 … count-1, evenly. Requires: count > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t count);
  /// A version 4 UUID.
  [[nodiscard]] std::string uuid();

 private:
  std::uint64_t state_;
};

/// A text that is the same for the same seed and name, and that tells nothing about those for other
/// names: for task tokens, which are handed out.
[[nodiscard]] std::string unguessable(std::uint64_t seed, std::string_view name);

}  // namespace understudy::states
