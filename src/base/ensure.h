#pragma once
// Assertions that stay on in release builds: to stop is better than to promote wrongly.

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace understudy {

/// Called with the broken rule and where it was broken; must not return normally into the caller.
/// The default prints one line to standard error and aborts. A simulator may install its own.
using EnsureHandler = void (*)(const char* rule, std::source_location where);

[[noreturn]] inline void abort_on_broken_rule(const char* rule, std::source_location where) {
  std::fprintf(stderr, "%s:%u: broken: %s\n", where.file_name(), where.line(), rule);
  std::fflush(stderr);
  std::abort();
}

inline EnsureHandler ensure_handler = abort_on_broken_rule;

/// Stops the process when a rule of our own is broken. For our bugs only: external input is
/// validated and refused, never asserted.
inline void ensure(bool holds, const char* rule,
                   std::source_location where = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  ensure_handler(rule, where);
  std::abort();
}

}  // namespace understudy
