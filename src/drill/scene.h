#pragma once
// All the evidence of one drill side by side, and the facts that every judgement starts from.

#include <optional>
#include <vector>

#include "base/result.h"
#include "drill/evidence.h"
#include "drill/judge.h"
#include "drill/service_level.h"

namespace understudy::drill {

/// Points into the case, the ledger and the views it was made from; they must outlive it.
struct Scene {
  const Case& drilled;
  const Ledger& ledger;
  const std::vector<DatabaseView>& databases;
  std::vector<OrderStory> stories;                ///< by schedule
  std::vector<Acknowledgement> acknowledgements;  ///< by time received
  ServiceLevel level;

  Regime old;                                ///< of the last acknowledgement before the fault
  std::optional<Acknowledgement> first_new;  ///< first after the fault from a later regime
  Acknowledgement last_old;                  ///< last of all that is not from a later regime
  Regime surviving;                          ///< the latest that acknowledged anything
  const DatabaseView* survivor = nullptr;    ///< its database, if it was read
  BootTime last_arrival;                     ///< schedule of the last order

  [[nodiscard]] bool is_new(const Regime& regime) const { return old.succeeded_by(regime); }
  /// When the old regime ended, as clients see it: see Verdict::lost_max_age_ms.
  [[nodiscard]] BootTime end_of_old() const;
  /// The new regime's first commit or acknowledgement, whichever is earlier; none without one.
  [[nodiscard]] std::optional<WallTime> promoted_at() const;
};

[[nodiscard]] Result<Scene> set_scene(const Case& drilled, const Ledger& ledger,
                                      const std::vector<DatabaseView>& databases);

}  // namespace understudy::drill
