#pragma once
// An execution that went through a retry, a wait and a person's answer; and the record of it.

#include <string>
#include <vector>

#include "record/build.h"
#include "record/signature.h"

namespace understudy::record {

/// The token by which its question was asked: nobody may read it in a record.
struct Tale {
  Material material;
  std::string token;
};

/// Ended now, so that a certificate that was just made is valid. Its events tell of it, of people's
/// orders, and of others.
[[nodiscard]] Tale tale_of_a_failover(const std::string& execution = "failover-shop-1",
                                      std::string_view document = {});

/// A wide event as the controller writes it.
[[nodiscard]] boost::json::object event_at(WallTime at, std::string_view name,
                                           boost::json::object fields);

/// Built and signed.
[[nodiscard]] std::string recorded(const Material& material, const Signer& signer);

[[nodiscard]] std::vector<std::string> lines_in(const std::string& text);
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

inline constexpr std::string_view kSeedOfTheTale = "81985529216486895";  // 0x0123456789abcdef

}  // namespace understudy::record
