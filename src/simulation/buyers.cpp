#include "simulation/buyers.h"

namespace understudy::simulation {

namespace {
constexpr Duration kPatience = milliseconds(1500);
constexpr int kTries = 3;
constexpr std::uint64_t kOneInGoesDirect = 8;
}  // namespace

Buyers::Buyers(Stage& stage, Machine& machine, Edge& edge, std::array<Region*, 2> regions)
    : stage_(stage), process_(machine, "clients"), edge_(edge), regions_(regions) {}

void Buyers::start() {
  process_.start();
  process_.spawn([this] { buy_for_ever(); });
}

/// Arrivals on schedule, whatever became of the earlier ones.
void Buyers::buy_for_ever() {
  while (true) {
    const Duration mean = stage_.plan.buy_every;
    (void)stage_.scheduler.wait_until(stage_.scheduler.now() +
                                      stage_.dice.between(mean / 10, 2 * mean));
    if (stage_.over) return;
    process_.spawn([this, order = ++orders_] { buy(order); });
  }
}

void Buyers::buy(std::uint64_t order) {
  // Some know a service's address and go around edge and load balancer: a tool, an old cache.
  const bool direct = stage_.dice.one_in(kOneInGoesDirect);
  const std::size_t whom = stage_.dice.below(2);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Region* region =
        direct ? regions_[whom]
               : edge_.await_target(stage_.scheduler.now() + stage_.plan.topology.edge_wait_max);
    if (region != nullptr) {
      const auto bought = ask(*region, order, direct);
      if (stage_.over) return;
      if (bought) return stage_.observers.ledger().bought(order);
      if (!direct && bought.error().after != After::unknown)
        stage_.observers.refused(region == regions_[0] ? 0 : 1);
    }
    (void)stage_.scheduler.wait_until(stage_.scheduler.now() +
                                      stage_.dice.between(milliseconds(50), milliseconds(400)));
    if (stage_.over) return;
  }
}

Result<Done> Buyers::ask(Region& region, std::uint64_t order, bool around_balancer) {
  return stage_.network.call_fiber<Result<Done>>(
      process_, region.application().process(), process_.machine().boot() + kPatience,
      [&region, order, around_balancer]() -> Result<Done> {
        if (!region.path && !around_balancer)
          return Error{After::unchanged_retry, "the load balancer is dead"};
        return region.application().sell(order);
      });
}

}  // namespace understudy::simulation
