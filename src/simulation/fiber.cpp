#include "simulation/fiber.h"

#include <boost/context/protected_fixedsize_stack.hpp>

#include "base/ensure.h"
#include "simulation/scheduler.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define UNDERSTUDY_FIBERS_UNDER_ASAN
#endif

namespace understudy::simulation {

namespace {
constexpr std::size_t kStack = 256 * 1024;
}

Fiber::Fiber() {
  boost::context::protected_fixedsize_stack stacks(kStack);
  const boost::context::stack_context stack = stacks.allocate();
  stack_bottom_ = static_cast<const char*>(stack.sp) - stack.size;
  stack_size_ = stack.size;
  inside_ = boost::context::fiber(std::allocator_arg,
                                  boost::context::preallocated(stack.sp, stack.size, stack), stacks,
                                  [this](boost::context::fiber&& outside) {
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
    try {
      if (!dying) body();
    } catch (const Died&) {
    }
    body = nullptr;
    done = true;
#ifdef UNDERSTUDY_FIBERS_UNDER_ASAN
    void* kept = nullptr;
    __sanitizer_start_switch_fiber(&kept, outside_stack_, outside_size_);
#endif
    outside_ = std::move(outside_).resume();
  }
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
  if (dying) throw Died{};
}

FiberPool& FiberPool::of_this_thread() {
  thread_local FiberPool pool;
  return pool;
}

Fiber& FiberPool::take() {
  if (idle_.empty()) return *all_.emplace_back(std::make_unique<Fiber>());
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

}  // namespace understudy::simulation
