#include "topology/findings.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {

std::string quoted(std::string_view text) {
  constexpr std::size_t kBytesMax = 40;
  if (text.size() <= kBytesMax) return fmt::format("{:?}", text);
  auto end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{:?}...", text.substr(0, end));
}

std::string setting_path(std::string_view group, std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  const bool plain =
      !name.empty() && name.size() <= kBytesMax &&
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  const auto shown = plain ? std::string(name) : quoted(name);
  return group.empty() ? shown : fmt::format("{}.{}", group, shown);
}

void check_all(const Topology& topology, Findings& findings) {
  check_values(topology, findings);
  check_places(topology, findings);
  check_services(topology, findings);
  check_timing(topology, findings);
  check_alerts(topology, findings);
}

}  // namespace understudy
