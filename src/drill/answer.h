#pragma once
// What an HTTP exchange tells a buyer about the order: sold, not sold, or not to be known.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace understudy::drill {

/// How far an exchange came.
enum class Delivery : std::uint8_t {
  answered,    ///< a whole answer came
  never_sent,  ///< no byte of the request left
  cut,         ///< it left, wholly or in part, and the connection broke before the answer was whole
  timed_out,   ///< it left, and no whole answer came in time
};

struct Exchange {
  Delivery delivery = Delivery::never_sent;
  unsigned status = 0;  ///< 0 unless answered
  std::string body;
  std::string error;  ///< what broke, for people; "" if answered
};

struct Sold {
  std::string order;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t epoch = 0;  ///< of whoever acknowledges it now, which need not have made it
  std::string region;      ///< likewise
};
struct NotSold {
  std::string reason;
};
struct CannotKnow {
  std::string reason;
};
using Answer = std::variant<Sold, NotSold, CannotKnow>;

/// Judges the answer to POST /api/orders as a careful client would.
///
/// 200 and 201 with an order: sold, by "acknowledged_by" if the body has it (an order that was made
/// before a failover is acknowledged by the new region to one who asks again), else by its "region"
/// and "epoch". A body that states its "outcome": that. Never sent, any 4xx, or
/// a bare 503 (a proxy that had no server to send to): not sold; whether that was true is seen in
/// the databases afterwards. All else (502, 504, cut, timed out, unreadable): cannot be known.
[[nodiscard]] Answer judge_answer(const Exchange& exchange);

}  // namespace understudy::drill
