#include "simulation/scheduler.h"

#include <algorithm>

#include "base/ensure.h"
#include "simulation/fiber.h"
#include "simulation/machine.h"

namespace understudy::simulation {

namespace {
constexpr std::uint32_t kNoAct = ~std::uint32_t{0};
}

Scheduler::Scheduler() { heap_.reserve(1024); }

Scheduler::~Scheduler() = default;

void Scheduler::push(Event event) {
  event.when = std::max(event.when, now_);
  event.order = ++order_;
  heap_.push_back(event);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
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
  push({.when = when, .order = 0, .waiter = {}, .act = slot, .woken = false});
}

void Scheduler::spawn(Process& owner, std::function<void()> body) {
  Fiber& fiber = FiberPool::of_this_thread().take();
  fiber.owner = &owner;
  fiber.body = std::move(body);
  fiber.dying = false;
  fiber.done = false;
  owner.fibers_.push_back(&fiber);
  wake({&fiber, fiber.ticket});
}

bool Scheduler::wait_until(TrueTime when) {
  ensure(running_ != nullptr, "only fibers wait");
  Fiber& fiber = *running_;
  if (when != TrueTime::max())
    push({.when = when,
          .order = 0,
          .waiter = {&fiber, fiber.ticket},
          .act = kNoAct,
          .woken = false});
  fiber.leave();
  return fiber.woken;
}

Waiter Scheduler::self() {
  ensure(running_ != nullptr, "only fibers wait");
  return {running_, running_->ticket};
}

void Scheduler::wake(const Waiter& waiter, bool woken) {
  push({.when = now_, .order = 0, .waiter = waiter, .act = kNoAct, .woken = woken});
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

void Scheduler::run_until(TrueTime end, const bool& stop) {
  while (!stop && !heap_.empty() && heap_.front().when <= end) {
    const Event event = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    now_ = event.when;
    ++events_;
    mix(static_cast<std::uint64_t>(event.when.time_since_epoch().count()) ^ (event.order << 40));
    if (event.act == kNoAct) {
      resume(event.waiter, event.woken);
    } else {
      const auto act = std::move(acts_[event.act]);
      acts_[event.act] = nullptr;
      free_acts_.push_back(event.act);
      act();
    }
  }
  if (!stop) now_ = std::max(now_, end);
}

}  // namespace understudy::simulation
