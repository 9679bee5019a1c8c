#pragma once
// Something to be done later, once: what events of a simulated world consist of.

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace understudy::simulation {

/// A function without arguments that is moved, never copied: what a lambda captures from a const
/// reference is const, and copied at each move, unless it is captured as `[x = x]`. What it holds
/// lies within if it has no more than eight words, so that most messages allocate nothing;
/// std::function keeps two words within, and only if they are trivial. C++23 has
/// std::move_only_function.
class Act {
 public:
  Act() = default;
  template <class Held>
  requires(!std::is_same_v<std::remove_cvref_t<Held>, Act>)
      Act(Held&& held) {  // NOLINT(google-explicit-constructor)
    using Kept = std::decay_t<Held>;
    if constexpr (kFits<Kept>) {
      ::new (static_cast<void*>(space_)) Kept(std::forward<Held>(held));
      ways_ = &kWithin<Kept>;
    } else {
      ::new (static_cast<void*>(space_)) Kept*(new Kept(std::forward<Held>(held)));
      ways_ = &kOutside<Kept>;
    }
  }
  Act(Act&& other) noexcept { take(other); }
  Act& operator=(Act&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(other);
    return *this;
  }
  ~Act() { drop(); }

  explicit operator bool() const { return ways_ != nullptr; }
  /// Requires: it holds something.
  void operator()() { ways_->call(space_); }

 private:
  static constexpr std::size_t kSpace = 8 * sizeof(void*);
  template <class Kept>
  static constexpr bool kFits =
      sizeof(Kept) <= kSpace &&
      alignof(Kept) <= alignof(void*) && std::is_nothrow_move_constructible_v<Kept>;

  struct Ways {
    void (*call)(void* space);
    void (*move)(void* from, void* to);
    void (*drop)(void* space);
  };
  template <class Kept>
  static Kept& kept(void* space) {
    return *std::launder(static_cast<Kept*>(space));
  }
  template <class Kept>
  static constexpr Ways kWithin = {[](void* space) { kept<Kept>(space)(); },
                                   [](void* from, void* to) {
                                     ::new (to) Kept(std::move(kept<Kept>(from)));
                                     kept<Kept>(from).~Kept();
                                   },
                                   [](void* space) { kept<Kept>(space).~Kept(); }};
  template <class Kept>
  static constexpr Ways kOutside = {
      [](void* space) { (*kept<Kept*>(space))(); },
      [](void* from, void* to) { ::new (to) Kept*(kept<Kept*>(from)); },
      [](void* space) { delete kept<Kept*>(space); }};

  void take(Act& other) {
    ways_ = std::exchange(other.ways_, nullptr);
    if (ways_ != nullptr) ways_->move(other.space_, space_);
  }
  void drop() {
    if (ways_ != nullptr) std::exchange(ways_, nullptr)->drop(space_);
  }

  alignas(void*) std::byte space_[kSpace];
  const Ways* ways_ = nullptr;
};

}  // namespace understudy::simulation
