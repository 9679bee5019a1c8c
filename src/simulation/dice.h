#pragma once
// The one source of chance in a simulated history: all of it follows from the seed.

#include <bit>
#include <cstdint>

#include "base/time.h"

namespace understudy::simulation {

/// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. A copy goes on alike.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// 0 … count − 1. Requires: count > 0.
  std::uint64_t below(std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * count) >> 64);
  }

  /// So often in a million.
  bool chance_ppm(std::uint32_t per_million) { return below(1'000'000) < per_million; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }

  /// From `least` to `most`, evenly.
  Duration between(Duration least, Duration most) {
    if (most <= least) return least;
    return least + Duration(static_cast<Duration::rep>(
                       below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }

  /// Tells whether two generators have gone the same way.
  [[nodiscard]] std::uint64_t fingerprint() const {
    return state_[0] ^ std::rotl(state_[1], 16) ^ std::rotl(state_[2], 32) ^
           std::rotl(state_[3], 48);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t state_[4];
};

}  // namespace understudy::simulation
