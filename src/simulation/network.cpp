#include "simulation/network.h"

namespace understudy::simulation {

namespace {
/// Between processes of one machine.
constexpr Duration kLocalLeast = std::chrono::microseconds(50);
constexpr Duration kLocalMost = std::chrono::microseconds(400);
}  // namespace

void Network::send(const Machine& from, const Machine& to, std::function<void()> arrive) {
  if (&from == &to)
    return scheduler_.after(dice_.between(kLocalLeast, kLocalMost), std::move(arrive));
  const Link& way = link(from, to);
  if (way.cut || (way.loss_ppm != 0 && dice_.chance_ppm(way.loss_ppm))) return;
  const Duration delay = dice_.between(way.least, way.most);
  if (way.repeat_ppm != 0 && dice_.chance_ppm(way.repeat_ppm))
    scheduler_.after(dice_.between(way.least, 20 * way.most), arrive);
  scheduler_.after(delay, std::move(arrive));
}

}  // namespace understudy::simulation
