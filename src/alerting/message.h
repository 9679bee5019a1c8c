#pragma once
// An alert as it is sent: with its platform and time, and packed as each receiver wants it.

#include <cstdint>
#include <string>

#include "base/time.h"
#include "ports/alerts.h"
#include "topology/topology.h"

namespace understudy::alerting {

struct Message {
  std::string platform;
  WallTime at{};
  Alert alert;
  std::uint64_t more = 0;  ///< so often it was raised again since it was last sent
  bool test = false;
};

/// One line: "[shop] north: region down".
[[nodiscard]] std::string headline(const Message& message);

/// Headline, what was done, what is asked, how often, when: lines of plain text.
[[nodiscard]] std::string plain_text(const Message& message);

/// The body to post to a webhook of that kind, and what a command reads (AlertFormat::json):
/// {"platform", "at", "key", "subject", "done", "ask", "more", "test"}. One line. Texts are cut to
/// what a chat takes; nothing in them is taken for markup or calls people by name.
[[nodiscard]] std::string packed(const Message& message, AlertFormat format);

}  // namespace understudy::alerting
