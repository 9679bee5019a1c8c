#pragma once
// Entries, each with the hash of the one before: none can be altered, left out, added or moved
// without its followers telling.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::record {

/// What the first record of a platform follows.
inline constexpr std::string_view kGenesis = "genesis";

/// One entry a line: {"content", "kind", "previous", "seq"}, canonical JSON. Its hash is the
/// SHA-256 of the line without its end.
class Chain {
 public:
  /// `previous`: what the first entry follows: the hash of another chain's last one, or kGenesis.
  explicit Chain(std::string previous) : hash_(std::move(previous)) {}

  void append(std::string_view kind, boost::json::object content);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// Of the last entry.
  [[nodiscard]] const std::string& hash() const { return hash_; }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }

 private:
  std::string text_;
  std::string hash_;
  std::uint64_t entries_ = 0;
};

struct Entry {
  std::string kind;
  boost::json::object content;
};

struct Links {
  std::string first_follows;  ///< `previous` of the first entry
  std::vector<Entry> entries;
  std::string hash;  ///< of the last entry
  /// The first entry that is wrong, and what about it, for people; none if all hold. What was read
  /// until then is in `entries`.
  std::optional<std::string> broken;
};

/// Checks lines that Chain wrote; `hash_after` is what the last entry must hash to, as whoever
/// signed it says.
[[nodiscard]] Links follow(const std::vector<std::string_view>& lines, std::string_view hash_after);

}  // namespace understudy::record
