#pragma once
// May a failover that the decision table wants begin by itself? What people have ordered, and what
// happened of late, become one row of a table. Pure: the sentry and the simulator use the same.

#include <cstdint>
#include <string>
#include <string_view>

namespace understudy {

/// What the table judges. Of each only what is so now: what ran out is not so any more.
struct Circumstances {
  bool maintenance = false;   ///< maintenance mode is on
  bool off = false;           ///< automation is off
  bool declined = false;      ///< a person declined to fail over in this very outage
  bool ask = false;           ///< automation is ask
  bool acknowledged = true;   ///< the last automatic failover, if there was one
  bool interval_over = true;  ///< policy.failover_interval_min has passed since it
  bool operator==(const Circumstances&) const = default;
};

enum class Verdict : std::uint8_t {
  go,   ///< by itself
  ask,  ///< once a person approved
  no,   ///< not at all; a person is told
};

struct Permission {
  int id;
  Verdict verdict;
  std::string_view because;
};

/// The one row that matches; for every input there is exactly one (proved at compile time).
[[nodiscard]] const Permission& permission(const Circumstances& circumstances);

/// The table as text, one line a row.
[[nodiscard]] std::string describe_permissions();

[[nodiscard]] std::string_view to_string(Verdict verdict);

/// Who knows what people have ordered. Thread-safe.
class StandingOrders {
 public:
  virtual ~StandingOrders() = default;
  /// The row for a failover that would begin now. `epoch` is the record's.
  [[nodiscard]] virtual const Permission& permission_now(std::uint64_t epoch) const = 0;
};

}  // namespace understudy
