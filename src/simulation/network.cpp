#include "simulation/network.h"

namespace understudy::simulation {

namespace {
/// Between processes of one machine.
constexpr Duration kLocalLeast = std::chrono::microseconds(50);
constexpr Duration kLocalMost = std::chrono::microseconds(400);
}  // namespace

void Network::send(const Machine& from, const Machine& to, Act&& arrive) {
  if (&from == &to)
    return scheduler_.after(dice_.between(kLocalLeast, kLocalMost), std::move(arrive));
  const Link& way = link(from, to);
  if (way.cut || (way.loss_ppm != 0 && dice_.chance_ppm(way.loss_ppm))) return;
  const Duration delay = dice_.between(way.least, way.most);
  if (way.repeat_ppm != 0 && dice_.chance_ppm(way.repeat_ppm))
    return send_twice(delay, dice_.between(way.least, 20 * way.most), std::move(arrive));
  scheduler_.after(delay, std::move(arrive));
}

void Network::send_twice(Duration delay, Duration again, Act&& arrive) {
  const auto shared = std::make_shared<Act>(std::move(arrive));
  scheduler_.after(again, [shared] { (*shared)(); });
  scheduler_.after(delay, [shared] { (*shared)(); });
}

}  // namespace understudy::simulation
