#pragma once
// Taking protections away, to see that they are needed: each must be caught by an observer outside
// the product.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/workflows.h"
#include "recovery/guards.h"

namespace understudy::simulation {

/// What is done to the product. Where two guards stand, one alone shows nothing: both go.
struct Sabotage {
  std::string_view name;
  std::string_view
      what;  ///< for people, with its number in safety-protocol section 6 if it has one
  std::vector<Guard> off;
  /// Workflows with states led past, apart by spaces; "" as shipped. See edit().
  std::string_view edit;
  /// Which other guard holds alone, so that nothing may be seen; "": it must be caught.
  std::string_view held_by = "";
};

[[nodiscard]] std::span<const Sabotage> all_sabotages();
/// None if there is none of that name.
[[nodiscard]] const Sabotage* find_sabotage(std::string_view name);

/// The product as one history runs it.
struct Composition {
  Guards guards;
  std::string workflow;
  std::string switchover = std::string(switchover_workflow());  ///< and failback
};

/// As shipped.
[[nodiscard]] Composition whole();
[[nodiscard]] Composition sabotaged(const Sabotage& sabotage);

/// The only one that takes a guard off.
class Saboteur {
 public:
  [[nodiscard]] static Guards without(const std::vector<Guard>& guards);
};

}  // namespace understudy::simulation
