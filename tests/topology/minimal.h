#pragma once
// The smallest file without mistakes, and small changes to it.

#include <string>

#include "topology/load.h"

namespace understudy {

inline const std::string kMinimal =
    "platform: shop\n"                   // line 1
    "regions:\n"                         // line 2
    "  north: { address: 127.0.1.1 }\n"  // line 3
    "  south: { address: 127.0.2.1 }\n"  // line 4
    "home: north\n"                      // line 5
    "services:\n"                        // line 6
    "  web:\n"                           // line 7
    "    command: [web]\n";              // line 8; what is appended begins at 9

/// The minimal file with one piece of text replaced.
inline std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kMinimal;
  const auto at = text.find(from);
  ensure(at != std::string::npos, "a test replaces what is there");
  return text.replace(at, from.size(), to);
}

/// All mistakes, a line each.
inline std::string mistakes_of(const std::string& text) {
  std::string lines;
  for (const auto& mistake : parse_topology(text, "u.yaml").mistakes) {
    lines += (lines.empty() ? "" : "\n") + mistake.text();
  }
  return lines;
}

/// All mistakes of the minimal file with these lines after it.
inline std::string mistakes_with(const std::string& lines) { return mistakes_of(kMinimal + lines); }

inline Topology minimal_topology() {
  return parse_topology(kMinimal, "/etc/shop/u.yaml").topology.value();
}

}  // namespace understudy
