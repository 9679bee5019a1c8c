#include "states/random.h"

#include <fmt/format.h>

#include "base/ensure.h"
#include "states/digest.h"

namespace understudy::states {

/// SplitMix64: fixed by its definition, unlike the distributions of the standard library.
std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

std::uint64_t Random::below(std::uint64_t count) {
  ensure(count > 0, "a draw needs something to draw from");
  const auto usable = UINT64_MAX - UINT64_MAX % count;
  auto drawn = next();
  while (drawn >= usable) drawn = next();
  return drawn % count;
}

std::string Random::uuid() {
  const auto high = (next() & ~0xf000ULL) | 0x4000ULL;
  const auto low = (next() & ~(0xc000ULL << 48U)) | (0x8000ULL << 48U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xffffU, low >> 48U, low & 0xffffffffffffULL);
}

std::string unguessable(std::uint64_t seed, std::string_view name) {
  const auto hashed = digest_hex("SHA-256", fmt::format("{:016x}/{}", seed, name));
  ensure(hashed.has_value(), "SHA-256 is always there");
  return *hashed;
}

}  // namespace understudy::states
