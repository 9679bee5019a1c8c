#pragma once
// One text for one JSON value, so that its hash means the value.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::record {

/// RFC 8785 in spirit: no white space, members sorted by the bytes of their names, only what must
/// be escaped is. It differs in numbers, on purpose: whole ones are written in full, never through
/// a double (nanoseconds do not fit one), others as the shortest text that reads back as the same.
///
/// Requires: no number is infinite or none.
[[nodiscard]] std::string canonical(const boost::json::value& value);

/// Reads an object and refuses one that canonical() would have written otherwise: a repeated
/// member, a space, another spelling of the same.
[[nodiscard]] Result<boost::json::object> parse_canonical(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string sha256(std::string_view bytes);

}  // namespace understudy::record
