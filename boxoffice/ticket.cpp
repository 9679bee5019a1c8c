#include "ticket.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kLocalPartBytesMax = 64;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '+' || c == '_';
}

/// What stands in a header is one line, whatever a buyer or an organizer has typed.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return line;
}

}  // namespace

std::string address_of(std::string_view buyer) {
  if (is_address(buyer)) return std::string(buyer);
  std::string local(buyer.substr(0, kLocalPartBytesMax));
  for (char& c : local)
    if (!is_plain(c)) c = '_';
  return (local.empty() ? "buyer" : local) + "@example.org";
}

std::string message_id(std::int64_t order, std::string_view medium, std::string_view platform) {
  return fmt::format("order-{}.{}@{}.example.org", order, medium, platform);
}

Mail mail_of(const Ticket& ticket, std::string_view platform) {
  return {
      .message_id = message_id(ticket.order, "mail", platform),
      .name = is_address(ticket.buyer) ? "" : one_line(ticket.buyer),
      .address = address_of(ticket.buyer),
      .subject = fmt::format("Your ticket for {}", one_line(ticket.event)),
      .text = fmt::format("Thank you for your order.\n\n"
                          "Order: {}\nEvent: {}\nVenue: {}\nStarts: {}\nSeat: {}\n",
                          ticket.order, ticket.event, ticket.venue, ticket.starts_at, ticket.seat)};
}

std::optional<Text> text_of(const Ticket& ticket, std::string_view platform) {
  if (!is_number(ticket.buyer)) return std::nullopt;
  return Text{.message_id = message_id(ticket.order, "text", platform),
              .number = ticket.buyer,
              .text = fmt::format("Order {}: {}, seat {}, {}", ticket.order, ticket.event,
                                  ticket.seat, ticket.starts_at)};
}

}  // namespace understudy::boxoffice
