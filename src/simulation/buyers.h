#pragma once
// Clients: they buy, try again with the same order number, and remember what was acknowledged.

#include <array>
#include <cstdint>

#include "simulation/region.h"
#include "simulation/stage.h"
#include "simulation/witness.h"

namespace understudy::simulation {

class Buyers {
 public:
  Buyers(Stage& stage, Machine& machine, Edge& edge, std::array<Region*, 2> regions);
  void start();

 private:
  void buy_for_ever();
  void buy(std::uint64_t order);
  Result<Done> ask(Region& region, std::uint64_t order, bool around_balancer);

  Stage& stage_;
  Process process_;
  Edge& edge_;
  std::array<Region*, 2> regions_;
  std::uint64_t orders_ = 0;
};

}  // namespace understudy::simulation
