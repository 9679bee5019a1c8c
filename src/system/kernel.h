#pragma once
// Clock, Random and Tasks as the kernel gives them.

#include <memory>

#include "ports/clock.h"
#include "ports/random.h"
#include "ports/tasks.h"

namespace understudy {

[[nodiscard]] std::unique_ptr<Clock> make_kernel_clock();
/// From getrandom(2); good enough for nonces that must not collide, not used for secrets.
[[nodiscard]] std::unique_ptr<Random> make_kernel_random();
/// One thread a task; all are joined when it is destroyed.
[[nodiscard]] std::unique_ptr<Tasks> make_threads();

}  // namespace understudy
