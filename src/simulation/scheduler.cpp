#include "simulation/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "simulation/fiber.h"
#include "simulation/machine.h"

namespace understudy::simulation {

Scheduler::Scheduler() { heap_.reserve(1024); }

Scheduler::~Scheduler() = default;

void Scheduler::push(Event event) {
  event.order = ++order_;
  if (event.when <= now_) {
    event.when = now_;
    due_.push_back(event);
  } else {
    heap_.push_back(event);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

/// What is due now was all ordered after what the heap holds for now.
std::optional<Scheduler::Event> Scheduler::take_next(TrueTime end) {
  if (!due_.empty() && (heap_.empty() || heap_.front().when > now_)) {
    const Event event = due_.front();
    due_.pop_front();
    return event;
  }
  if (heap_.empty() || heap_.front().when > end) return std::nullopt;
  const Event event = heap_.front();
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
  return event;
}

void Scheduler::at(TrueTime when, std::function<void()> act) {
  std::uint32_t slot = 0;
  if (free_acts_.empty()) {
    slot = static_cast<std::uint32_t>(acts_.size());
    acts_.push_back(std::move(act));
  } else {
    slot = free_acts_.back();
    free_acts_.pop_back();
    acts_[slot] = std::move(act);
  }
  push({.when = when, .waiter = {}, .slot = slot, .what = What::act});
}

void Scheduler::spawn(Process& owner, std::function<void()> body) {
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
  push({.when = fiber.timer, .waiter = {&fiber, 0}, .what = What::look_at_deadline});
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
  push({.when = now_, .waiter = waiter, .what = woken ? What::wake : What::time_out});
}

void Scheduler::resume(const Waiter& waiter, bool woken) {
  Fiber& fiber = *waiter.fiber;
  if (fiber.done || fiber.ticket != waiter.ticket) return;
  if (!fiber.owner->runs()) {
    fiber.owner->parked_.push_back({.waiter = waiter, .woken = woken, .act = nullptr});
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
}

void Scheduler::unwind(Fiber& fiber) {
  ensure(running_ == nullptr, "a fiber is unwound from outside");
  fiber.dying = true;
  ++fiber.ticket;
  switch_to(fiber);
  ensure(fiber.done, "a dying fiber waits for nothing");
}

void Scheduler::happen(const Event& event) {
  switch (event.what) {
    case What::wake: return resume(event.waiter, true);
    case What::time_out: return resume(event.waiter, false);
    case What::look_at_deadline: return look_at_deadline(*event.waiter.fiber, event.when);
    case What::act: break;
  }
  const auto act = std::exchange(acts_[event.slot], nullptr);
  free_acts_.push_back(event.slot);
  act();
}

void Scheduler::run_until(TrueTime end, const bool& stop) {
  while (!stop) {
    const auto event = take_next(end);
    if (!event) break;
    now_ = event->when;
    ++events_;
    mix(static_cast<std::uint64_t>(event->when.time_since_epoch().count()) ^ (event->order << 40));
    happen(*event);
  }
  if (!stop) now_ = std::max(now_, end);
}

}  // namespace understudy::simulation
