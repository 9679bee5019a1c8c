#pragma once
// Randomness, as it is handed in: nonces, incarnations, seeds. Never a secret.

#include <cstdint>

namespace understudy {

/// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

}  // namespace understudy
