#include "mutations.h"

#include <array>
#include <string_view>

namespace understudy::fuzz {

namespace {

/// What a reader is likely to trip over.
constexpr std::array<std::string_view, 32> kPieces = {
    std::string_view("\0", 1),
    "\xff",
    "\xc3",
    "\xf4\x90\x80\x80",
    "\r\n",
    "\n",
    "\t",
    "\"",
    "\\u0000",
    "\\ud800",
    "%00",
    "%",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "-1",
    "0",
    "1.5",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e19",
    "null",
    "true",
    "$",
    "..",
};

/// SplitMix64: a few lines, and the same everywhere, which <random>'s distributions are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t count) { return count == 0 ? 0 : next() % count; }

 private:
  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  std::uint64_t state_;
};

std::string_view some_of(const std::string& text, Dice& dice) {
  const auto from = dice.below(text.size());
  return std::string_view(text).substr(from, 1 + dice.below(24));
}

void change(std::string& text, const std::string& other, Dice& dice) {
  const auto at = dice.below(text.size() + 1);
  switch (dice.below(7)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << dice.below(8)));
      break;
    case 1: text.erase(at, 1 + dice.below(16)); break;
    case 2: text.insert(at, kPieces[dice.below(kPieces.size())]); break;
    case 3: text.replace(at, 1 + dice.below(4), kPieces[dice.below(kPieces.size())]); break;
    case 4: text.insert(at, std::string(some_of(text, dice))); break;
    case 5: text.insert(at, some_of(other, dice)); break;
    default:
      if (dice.below(4) == 0)
        text.resize(at);
      else
        text.replace(at, 1 + dice.below(24), some_of(other, dice));
  }
}

}  // namespace

std::string mutation(const std::vector<std::string>& seeds, std::uint64_t number) {
  Dice dice(number);
  std::string text = seeds[dice.below(seeds.size())];
  const std::string& other = seeds[dice.below(seeds.size())];
  for (auto changes = 1 + dice.below(4); changes > 0; --changes) change(text, other, dice);
  return text;
}

}  // namespace understudy::fuzz
