#pragma once
// A value, or an error that says what it left behind.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/ensure.h"

namespace understudy {

/// What the failed call left behind: what a caller must know before it repeats it.
enum class After : std::uint8_t {
  unchanged_final,  ///< The far side said no. Repeating is pointless.
  unchanged_retry,  ///< It was never accepted. Repeating is safe.
  unknown,          ///< It may have happened, or may yet. Look before repeating.
};

[[nodiscard]] constexpr std::string_view to_string(After after) {
  switch (after) {
    case After::unchanged_final: return "unchanged_final";
    case After::unchanged_retry: return "unchanged_retry";
    case After::unknown: return "unknown";
  }
  return "unknown";
}

/// What happened, where, and what was expected, as one line for a person; no secrets.
struct Error {
  After after = After::unknown;
  std::string what;
};

/// For functions that succeed without a value.
struct Done {};

/// A T or an Error. Never both, never neither.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(held_); }
  explicit operator bool() const { return ok(); }

  /// Requires: ok().
  [[nodiscard]] T& value() & { return get(); }
  [[nodiscard]] const T& value() const& { return const_cast<Result*>(this)->get(); }
  [[nodiscard]] T&& value() && { return std::move(get()); }
  T* operator->() { return &get(); }
  const T* operator->() const { return &const_cast<Result*>(this)->get(); }
  [[nodiscard]] T& operator*() & { return get(); }
  [[nodiscard]] const T& operator*() const& { return const_cast<Result*>(this)->get(); }
  [[nodiscard]] T&& operator*() && { return std::move(get()); }

  /// Requires: !ok().
  [[nodiscard]] const Error& error() const {
    ensure(!ok(), "error() is asked only of a failed result");
    return std::get<Error>(held_);
  }

 private:
  T& get() {
    ensure(ok(), "value() is asked only of a result that succeeded");
    return std::get<T>(held_);
  }

  std::variant<T, Error> held_;
};

/// Puts where and why in front of an error on its way up: "starting region-a: connection refused".
[[nodiscard]] inline Error within(std::string_view where, Error error) {
  error.what = std::string(where) + ": " + error.what;
  return error;
}

}  // namespace understudy
