#pragma once
// A sold order as its buyer hears of it: to whom, under which name, in which words.

#include <cstdint>
#include <optional>
#include <string>

#include "messages.h"

namespace understudy::boxoffice {

struct Ticket {
  std::int64_t order = 0;
  std::string buyer;  ///< what the buyer gave, whatever it is
  std::int64_t seat = 0;
  std::string event;
  std::string venue;
  std::string starts_at;
};

/// A buyer who is an e-mail address gets the mail there; any other at example.org, the reserved
/// domain, under a local part made of what the buyer gave.
[[nodiscard]] std::string address_of(std::string_view buyer);

/// Names of a message that stay the same whenever it is sent: made of order and platform.
[[nodiscard]] std::string message_id(std::int64_t order, std::string_view medium,
                                     std::string_view platform);

[[nodiscard]] Mail mail_of(const Ticket& ticket, std::string_view platform);
/// None unless the buyer is a telephone number (see is_number).
[[nodiscard]] std::optional<Text> text_of(const Ticket& ticket, std::string_view platform);

}  // namespace understudy::boxoffice
