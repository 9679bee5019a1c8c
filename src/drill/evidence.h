#pragma once
// The ledger put in order: what became of each order, and which region acknowledged when.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drill/instant.h"
#include "drill/ledger.h"

namespace understudy::drill {

/// Who wrote: a region in an epoch. Epoch 0 is a platform that counts none.
struct Regime {
  std::int64_t epoch = 0;
  std::string region;

  /// Whether `other` came to power after this one: a higher epoch, or, where epochs do not tell,
  /// another region.
  [[nodiscard]] bool succeeded_by(const Regime& other) const {
    return other.epoch > epoch || (other.epoch == epoch && other.region != region);
  }
  friend bool operator==(const Regime&, const Regime&) = default;
};

enum class Fate : std::uint8_t {
  acknowledged,  ///< at least one try was
  unknown,       ///< none was, and at least one may have happened (or has no recorded end)
  refused,       ///< every try was refused
};

/// One order over all its tries.
struct OrderStory {
  std::string key;
  std::int64_t event = 0;
  std::optional<std::int64_t> seat;  ///< as wanted; none: best available
  Instant scheduled;                 ///< of the first try
  unsigned tries = 0;
  Fate fate = Fate::unknown;
  std::vector<Acknowledgement> acknowledgements;  ///< in the order received
  std::string last_reason;                        ///< of the last refusal or unknown outcome
};

/// Stories in the order of their schedule.
[[nodiscard]] std::vector<OrderStory> tell_stories(const Ledger& ledger);

/// All acknowledgements in the order in which they were received.
[[nodiscard]] std::vector<Acknowledgement> by_time(std::vector<Acknowledgement> acknowledgements);

[[nodiscard]] inline Regime regime_of(const Acknowledgement& acknowledgement) {
  return Regime{acknowledgement.epoch, acknowledgement.region};
}

}  // namespace understudy::drill
