#pragma once
// How well orders were served, second by second of their schedule.

#include <optional>
#include <vector>

#include "base/time.h"
#include "drill/evidence.h"

namespace understudy::drill {

/// An order counts as served if it was acknowledged within one second of its schedule, by whichever
/// try. Orders for a particular seat are left out, since another buyer may rightly have it, unless
/// there are no others. A second is full if, of the orders scheduled in it, the share served is at
/// least 99 % of the share served before the fault. Only seconds that lie wholly in the schedule
/// count.
class ServiceLevel {
 public:
  /// The share before is that of up to 20 s that end one second before the fault (an order of the
  /// last second may still be caught by it).
  ServiceLevel(const std::vector<OrderStory>& stories, BootTime fault);

  /// Whether any order was scheduled and served in the time before: else nothing can be compared.
  [[nodiscard]] bool known_before() const { return before_orders_ > 0 && before_served_ > 0; }
  [[nodiscard]] double per_second_before() const;

  /// When it was first certain that a second of orders, the first of them scheduled at or after
  /// `from`, had been full: the end of that second, or its last acknowledgement if that is later.
  [[nodiscard]] std::optional<BootTime> first_full(BootTime from) const;
  /// The schedule of the first order not served of the first second that begins at or after `from`
  /// and is not full.
  [[nodiscard]] std::optional<BootTime> first_not_full(BootTime from) const;
  /// Whether the last whole second of the schedule was full.
  [[nodiscard]] bool full_at_the_end() const;

 private:
  struct Order {
    BootTime scheduled;
    std::optional<BootTime> served;
  };
  struct Second {
    std::size_t first;
    std::size_t end;
  };

  [[nodiscard]] std::optional<Second> second_from(std::size_t first) const;
  [[nodiscard]] bool full(Second second) const;
  [[nodiscard]] std::size_t index_from(BootTime from) const;

  std::vector<Order> orders_;               ///< by schedule
  std::vector<std::size_t> served_before_;  ///< served among the first i
  std::size_t before_orders_ = 0;
  std::size_t before_served_ = 0;
  Duration before_length_{};
};

}  // namespace understudy::drill
