#pragma once
// What a record is, and whether it holds.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/chain.h"
#include "record/history_view.h"

namespace understudy::record {

/// What a record says of itself. Believe it only if it holds.
struct Summary {
  std::string platform;
  std::string execution;
  std::uint64_t number = 0;
  std::string previous;            ///< the hash of the platform's record before it, or kGenesis
  std::string previous_execution;  ///< whose that is
  std::string started;
  std::string ended;
  std::string status;
  std::string document_sha256;
  std::vector<Answer> answers;
  std::uint64_t entries = 0;
  std::string hash;  ///< of the last entry: what is signed, and what the next record names
};

enum class Verdict : std::uint8_t {
  holds,
  broken,
  unknown,  ///< it could not be judged; why is told
};

struct Check {
  std::string_view name;  ///< "chain", "document", "replay", "signature", "certificate"
  Verdict verdict = Verdict::unknown;
  std::string what;  ///< for people: the first entry that is wrong, and what about it
};

struct Verification {
  Summary summary;
  std::vector<Check> checks;
  std::vector<Entry> entries;  ///< as far as they hold

  /// Every check holds; a replay may be unknown, since some documents draw chance.
  [[nodiscard]] bool holds() const;
};

/// `authority`: PEM of whoever vouches for the controller's certificate; none: the certificate is
/// not judged, and so the record does not hold.
[[nodiscard]] Verification verify(std::string_view text, std::optional<std::string_view> authority);

/// What is wrong among records, in any order: of one platform each must name the hash of the one
/// before. Empty: nothing is. Records before the first that is given and after the last are not
/// missed.
[[nodiscard]] std::vector<std::string> gaps_between(std::span<const Summary> records);

/// The hash that a finished record was signed for; "" if the text has none.
[[nodiscard]] std::string signed_hash(std::string_view text);

}  // namespace understudy::record
