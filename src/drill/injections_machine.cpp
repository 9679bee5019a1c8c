#include "drill/injections.h"

namespace understudy::drill {

Result<Injected> fill_disk(const Stage& stage, const std::string&) {
  if (auto filled = stage.disk().fill(); !filled) return filled.error();
  return Injected{[&stage] { return stage.disk().empty(); }};
}

Result<Injected> move_clock(const Stage& stage, const std::string&) {
  if (auto moved = stage.clock().set_ahead(-std::chrono::hours(1)); !moved) return moved.error();
  return Injected{[&stage] { return stage.clock().set_ahead(std::chrono::seconds(0)); }};
}

}  // namespace understudy::drill
