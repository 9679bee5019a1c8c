#pragma once
// A verdict for machines and for people.

#include <string>

#include "drill/judge.h"

namespace understudy::drill {

/// One JSON object, indented, with a line end; every field of Verdict under its own name, absent
/// values as null. Field names are an interface.
[[nodiscard]] std::string to_json(const Verdict& verdict);

/// Some twenty lines for a terminal, without colours.
[[nodiscard]] std::string to_terminal(const Verdict& verdict);

}  // namespace understudy::drill
