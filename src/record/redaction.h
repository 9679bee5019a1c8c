#pragma once
// Nothing in a record may be of use to a thief.

#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

namespace understudy::record {

/// What stands for a secret, wherever it occurs.
using Replacement = std::pair<std::string, std::string>;

/// Tells two tokens apart, and lets whoever has one prove that it is that one.
[[nodiscard]] std::string stand_in_for_token(const std::string& token);

/// The value with every occurrence replaced, in names, too.
[[nodiscard]] boost::json::value replaced(const boost::json::value& value,
                                          const std::vector<Replacement>& replacements);

/// A topology as JSON (topology/json.h) without what people may have put a secret into: values of
/// services' environment, arguments of programs, users in addresses. Files that hold secrets are
/// named, never read.
[[nodiscard]] boost::json::value without_secrets(boost::json::value topology);

}  // namespace understudy::record
