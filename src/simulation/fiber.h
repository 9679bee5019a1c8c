#pragma once
// Stacks that take turns (Boost.Context). Only the scheduler and the machines know them.

#include <boost/context/fiber.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "simulation/scheduler.h"

namespace understudy::simulation {

/// A rule of the product's own that an assertion found broken (base/ensure.h). Not a
/// std::exception, for the reason that Died is none.
struct BrokenRule {
  const char* rule;
  const char* file;
  unsigned line;
};

/// One stack, used by one body after the other.
class Fiber {
 public:
  Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Goes on where it stands, until it waits or its body ends. Outside any fiber.
  void enter();
  /// Back to whoever entered it. Inside it.
  void leave();

  Process* owner = nullptr;
  std::function<void()> body;
  std::uint64_t ticket = 0;             ///< of the wait it is in, or will be in next
  bool woken = false;                   ///< how that wait ended
  TrueTime deadline = TrueTime::max();  ///< of the wait it is in
  TrueTime timer = TrueTime::max();     ///< the earliest event that will look at its deadline
  bool dying = false;                   ///< it is to unwind
  bool done = true;                     ///< its body has ended

 private:
  void run();

  boost::context::fiber inside_;
  boost::context::fiber outside_;
  // For AddressSanitizer, which must know on which stack it is.
  const void* stack_bottom_ = nullptr;
  std::size_t stack_size_ = 0;
  const void* outside_stack_ = nullptr;
  std::size_t outside_size_ = 0;
};

/// The stacks of one thread, kept from history to history.
class FiberPool {
 public:
  static FiberPool& of_this_thread();
  [[nodiscard]] Fiber& take();
  /// Requires: its body has ended.
  void give_back(Fiber& fiber) { idle_.push_back(&fiber); }

 private:
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_;
};

}  // namespace understudy::simulation
