#pragma once
// What must hold for any bytes that reach one of our readers.
//
// Each target takes bytes, hands them to the product's own reader, and throws Broken if what comes
// out is not what was promised; anything else that leaves it is a fault of the reader as well.
// libFuzzer calls a target through entry.cpp, the ordinary test run through corpus_test.cpp.

#include <stdexcept>
#include <string>
#include <string_view>

namespace understudy::fuzz {

/// A property does not hold.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void must(bool holds, const std::string& promise) {
  if (!holds) throw Broken(promise);
}

/// understudy.yaml: a topology or mistakes, each with a line of the file; what is good survives the
/// way to a child process.
void topology(std::string_view bytes);

/// A connection to our HTTP server: every answer is whole, every request that a handler sees is
/// sane, and however the bytes are cut into packets, the requests are the same.
void http_request(std::string_view bytes);

/// What crosses between Understudy's processes: what is read is what was said, and what is written
/// is read again. A change between two records is judged without an exception.
void messages(std::string_view bytes);

/// A drill's ledger: written again, it is read as the same; cut short anywhere, it is torn at most.
void ledger(std::string_view bytes);

/// Lines of an execution's journal: an event written again is the same, and a replay of any events
/// is refused, or resumes just where they end.
void journal(std::string_view bytes);

/// A document in Amazon States Language: a machine or problems, each with its place; a machine runs
/// the same way twice, and its journal is replayed.
void state_machine(std::string_view bytes);

/// Paths and intrinsic functions: refused as malformed, failed as an evaluation, or a value.
void json_path(std::string_view bytes);

}  // namespace understudy::fuzz
