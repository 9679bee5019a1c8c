#include "simulation/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "simulation/fiber.h"
#include "simulation/machine.h"

namespace understudy::simulation {

Scheduler::Scheduler() = default;

Scheduler::~Scheduler() = default;

std::uint32_t Scheduler::slot_for(Act&& act) {
  if (free_acts_.empty()) {
    acts_.push_back(std::move(act));
    return static_cast<std::uint32_t>(acts_.size() - 1);
  }
  const std::uint32_t slot = free_acts_.back();
  free_acts_.pop_back();
  acts_[slot] = std::move(act);
  return slot;
}

void Scheduler::at(TrueTime when, Act&& act) {
  const std::uint32_t slot = slot_for(std::move(act));
  if (when <= now_) {
    due_.push_back({.order = ++order_, .waiter = {}, .slot = slot, .what = What::act});
  } else {
    later_.put({.when = when, .order = ++order_, .fiber = nullptr, .slot = slot});
  }
}

void Scheduler::spawn(Process& owner, Act&& body) {
  Fiber& fiber = FiberPool::of_this_thread().take();
  fiber.owner = &owner;
  fiber.body = std::move(body);
  fiber.dying = false;
  fiber.done = false;
  fiber.deadline = fiber.timer = TrueTime::max();
  owner.fibers_.push_back(&fiber);
  wake({&fiber, fiber.ticket});
}

/// Most waits end long before their time. So a fiber has one event that looks at its deadline, and
/// is put off when the wait it was for is over; not one a wait.
bool Scheduler::wait_until(TrueTime when) {
  ensure(running_ != nullptr, "only fibers wait");
  Fiber& fiber = *running_;
  fiber.deadline = std::max(when, now_);
  if (fiber.deadline < fiber.timer) set_timer(fiber);
  fiber.leave();
  return fiber.woken;
}

void Scheduler::set_timer(Fiber& fiber) {
  fiber.timer = fiber.deadline;
  if (fiber.timer <= now_) {
    due_.push_back({++order_, {&fiber, 0}, 0, What::look_at_deadline});
  } else {
    later_.put({.when = fiber.timer, .order = ++order_, .fiber = &fiber});
  }
}

void Scheduler::look_at_deadline(Fiber& fiber, TrueTime timer) {
  if (fiber.done || timer != fiber.timer) return;  // of a fiber before it, or there is an earlier
  fiber.timer = TrueTime::max();
  if (fiber.deadline <= now_) {
    fiber.deadline = TrueTime::max();
    resume({&fiber, fiber.ticket}, false);
  } else if (fiber.deadline != TrueTime::max()) {
    set_timer(fiber);
  }
}

Waiter Scheduler::self() {
  ensure(running_ != nullptr, "only fibers wait");
  return {running_, running_->ticket};
}

void Scheduler::wake(const Waiter& waiter, bool woken) {
  due_.push_back({++order_, waiter, 0, woken ? What::wake : What::time_out});
}

void Scheduler::resume(const Waiter& waiter, bool woken) {
  Fiber& fiber = *waiter.fiber;
  if (fiber.done || fiber.ticket != waiter.ticket) return;
  if (!fiber.owner->runs()) {
    fiber.owner->parked_.push_back({.waiter = waiter, .woken = woken, .act = {}});
    return;
  }
  fiber.woken = woken;
  ++fiber.ticket;
  switch_to(fiber);
}

void Scheduler::switch_to(Fiber& fiber) {
  Fiber* before = running_;
  running_ = &fiber;
  fiber.enter();
  running_ = before;
  if (!fiber.done) return;
  ++fiber.ticket;
  std::erase(fiber.owner->fibers_, &fiber);
  FiberPool::of_this_thread().give_back(fiber);
  if (const auto broken = std::exchange(fiber.broken, std::nullopt)) throw *broken;
}

void Scheduler::unwind(Fiber& fiber) {
  ensure(running_ == nullptr, "a fiber is unwound from outside");
  fiber.dying = true;
  ++fiber.ticket;
  switch_to(fiber);
  ensure(fiber.done, "a dying fiber waits for nothing");
}

void Scheduler::act(std::uint32_t slot) {
  Act& act = acts_[slot];  // stays where it is, however many it orders
  act();
  act = {};
  free_acts_.push_back(slot);
}

void Scheduler::begin_event(std::uint64_t order) {
  ++events_;
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()) ^ (order << 40));
}

void Scheduler::happen(const Due& event) {
  begin_event(event.order);
  switch (event.what) {
    case What::act: return act(event.slot);
    case What::wake: return resume(event.waiter, true);
    case What::time_out: return resume(event.waiter, false);
    case What::look_at_deadline: return look_at_deadline(*event.waiter.fiber, now_);
  }
}

void Scheduler::happen(const Later& event) {
  now_ = event.when;
  begin_event(event.order);
  if (event.fiber == nullptr) return act(event.slot);
  look_at_deadline(*event.fiber, event.when);
}

/// What is due now was all ordered after what the heap holds for now.
void Scheduler::run_until(TrueTime end, const bool& stop) {
  while (!stop) {
    if (next_due_ < due_.size() && (later_.empty() || later_.first().when > now_)) {
      const Due event = due_[next_due_++];
      if (next_due_ == due_.size()) {
        due_.clear();
        next_due_ = 0;
      }
      happen(event);
    } else {
      if (later_.empty() || later_.first().when > end) break;
      happen(later_.take());
    }
  }
  if (!stop) now_ = std::max(now_, end);
}

}  // namespace understudy::simulation
