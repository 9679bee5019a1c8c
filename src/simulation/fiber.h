#pragma once
// Stacks that take turns (Boost.Context). Only the scheduler and the machines know them.

#include <setjmp.h>
#include <unwind.h>

#include <boost/context/fiber.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulation/scheduler.h"

namespace understudy::simulation {

/// A rule of the product's own that an assertion found broken (base/ensure.h). Not a
/// std::exception, so that no handler for those stops it.
struct BrokenRule {
  const char* rule;
  const char* file;
  unsigned line;
};

/// One stack, used by one body after the other.
class Fiber {
 public:
  explicit Fiber(std::size_t number);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Goes on where it stands, until it waits or its body ends. Outside any fiber.
  void enter();
  /// Back to whoever entered it. Inside it. Does not return if it is dying.
  void leave();

  Process* owner = nullptr;
  Act body;
  std::uint64_t ticket = 0;             ///< of the wait it is in, or will be in next
  bool woken = false;                   ///< how that wait ended
  TrueTime deadline = TrueTime::max();  ///< of the wait it is in
  TrueTime timer = TrueTime::max();     ///< the earliest event that will look at its deadline
  bool dying = false;                   ///< it is to unwind: nothing runs any more but destructors
  bool done = true;                     ///< its body has ended
  std::optional<BrokenRule> broken;     ///< what it ended by, if not by itself

 private:
  void run();
  void live();
  [[noreturn]] void unwind();
  static _Unwind_Reason_Code past(int version, _Unwind_Action actions,
                                  _Unwind_Exception_Class exception_class,
                                  _Unwind_Exception* exception, _Unwind_Context* context,
                                  void* fiber);

  boost::context::fiber inside_;
  boost::context::fiber outside_;
  jmp_buf over_;  ///< where it goes once it has unwound
  _Unwind_Exception death_{};
  _Unwind_Word end_ = 0;  ///< of the stack that its body has
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
