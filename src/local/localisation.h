#pragma once
// What in a text belongs to one region: its address, its name, its folders. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "local/layout.h"

namespace understudy {

/// Whether an address stands in a text, and not as a part of a longer one: 127.0.1.1 is not in
/// 127.0.1.10.
[[nodiscard]] bool mentions_address(std::string_view text, std::string_view address);

/// Whether a region's name stands in a text as the whole of it, as a part of a host's name
/// ("queue.north.example"), or as a part of a path ("/dev/shm/north.page"); not in "north-face".
[[nodiscard]] bool mentions_name(std::string_view text, std::string_view name);

/// The text with what is `region`'s own in it taken out: equal for two regions whose texts say the
/// same of each.
[[nodiscard]] std::string without_region(const Layout& layout, const std::string& region,
                                         std::string text);

/// What in the text is another region's than `region`: its address or its name. None: nothing.
[[nodiscard]] std::optional<std::string> foreign_part(const Layout& layout,
                                                      const std::string& region,
                                                      std::string_view text);

}  // namespace understudy
