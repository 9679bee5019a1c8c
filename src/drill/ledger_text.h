#pragma once
// The lines of a ledger: records to JSON and back. Only ledger.cpp needs this.

#include <string>
#include <string_view>

#include "drill/ledger.h"

namespace understudy::drill {

/// One JSON object without a line end.
[[nodiscard]] std::string to_line(const Attempt& attempt);
[[nodiscard]] std::string to_line(const Acknowledgement& acknowledgement);
[[nodiscard]] std::string to_line(const Refusal& refusal);
[[nodiscard]] std::string to_line(const UnknownOutcome& unknown);
[[nodiscard]] std::string to_line(const PageRead& page);
[[nodiscard]] std::string to_line(const Mark& mark);
[[nodiscard]] std::string to_line(const Stall& stall);

/// Adds what the line says to the ledger. Error: it says nothing we know, and why.
Result<Done> add_line(std::string_view line, Ledger& ledger);

}  // namespace understudy::drill
