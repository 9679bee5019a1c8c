#include "simulation/fiber.h"

#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstdlib>

#include "base/ensure.h"
#include "simulation/scheduler.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define UNDERSTUDY_FIBERS_UNDER_ASAN
#endif

namespace understudy::simulation {

namespace {
constexpr std::size_t kStack = 256 * 1024;
/// Stacks begin at so many different places within their pages: those that begin at the same one
/// drive each other out of the cache.
constexpr std::size_t kPlaces = 16;
constexpr std::size_t kPlaceSize = 256;
}  // namespace

Fiber::Fiber(std::size_t number) {
  boost::context::protected_fixedsize_stack stacks(kStack);
  const boost::context::stack_context stack = stacks.allocate();
  const std::size_t unused = number % kPlaces * kPlaceSize;
  stack_bottom_ = static_cast<const char*>(stack.sp) - stack.size;
  stack_size_ = stack.size - unused;
  inside_ = boost::context::fiber(
      std::allocator_arg,
      boost::context::preallocated(static_cast<char*>(stack.sp) - unused, stack_size_, stack),
      stacks, [this](boost::context::fiber&& outside) {
        outside_ = std::move(outside);
        run();
        return std::move(outside_);
      });
}

void Fiber::run() {
  while (true) {
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &outside_stack_, &outside_size_);
#endif
    if (!dying && setjmp(over_) == 0) live();
    body = {};
    done = true;
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
    void* kept = nullptr;
    __sanitizer_start_switch_fiber(&kept, outside_stack_, outside_size_);
#endif
    outside_ = std::move(outside_).resume();
  }
}

/// The frame below which everything is unwound.
[[gnu::noinline]] void Fiber::live() {
  end_ = reinterpret_cast<_Unwind_Word>(__builtin_dwarf_cfa());
  try {
    body();
  } catch (const BrokenRule& rule) {
    broken = rule;
  }
}

/// A thrown exception would go through the stack twice, at first only to find out who catches it.
/// Nobody may, so once is enough. That is a fourth of what a history would cost otherwise.
void Fiber::unwind() {
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
  __asan_handle_no_return();
#endif
  death_ = {};
  _Unwind_ForcedUnwind(&death_, past, this);
  ensure(false, "a dying fiber unwinds to its end");
  std::abort();
}

/// Asked before each frame is left.
_Unwind_Reason_Code Fiber::past(int /*version*/, _Unwind_Action /*actions*/,
                                _Unwind_Exception_Class /*exception_class*/,
                                _Unwind_Exception* /*exception*/, _Unwind_Context* context,
                                void* fiber) {
  auto& self = *static_cast<Fiber*>(fiber);
  if (_Unwind_GetCFA(context) >= self.end_) longjmp(self.over_, 1);
  return _URC_NO_REASON;
}

void Fiber::enter() {
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
  void* kept = nullptr;
  __sanitizer_start_switch_fiber(&kept, stack_bottom_, stack_size_);
#endif
  inside_ = std::move(inside_).resume();
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
  __sanitizer_finish_switch_fiber(kept, nullptr, nullptr);
#endif
}

void Fiber::leave() {
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
  void* kept = nullptr;
  __sanitizer_start_switch_fiber(&kept, outside_stack_, outside_size_);
#endif
  outside_ = std::move(outside_).resume();
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
  __sanitizer_finish_switch_fiber(kept, &outside_stack_, &outside_size_);
#endif
  if (dying) unwind();
}

FiberPool& FiberPool::of_this_thread() {
  thread_local FiberPool pool;
  return pool;
}

Fiber& FiberPool::take() {
  if (idle_.empty()) return *all_.emplace_back(std::make_unique<Fiber>(all_.size()));
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

}  // namespace understudy::simulation
