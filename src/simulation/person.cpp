#include "simulation/person.h"

namespace understudy::simulation {

namespace {
constexpr Duration kPatience = std::chrono::seconds(1);
/// Longer than a message may be late: no try overtakes another order.
constexpr Duration kPause = milliseconds(500);
constexpr int kTries = 8;
}  // namespace

void Person::order(const Fault& order, bool ends) {
  if (!process_.alive()) process_.start();
  tasks_.push_back({&order, ends});
  if (tasks_.size() == 1) process_.spawn([this] { work(); });
}

void Person::work() {
  while (!tasks_.empty()) {
    give(tasks_.front());
    (void)stage_.scheduler.wait_until(stage_.scheduler.now() + kPause);
    tasks_.pop_front();
  }
}

void Person::give(const Task& task) {
  stage_.observers.orders().sent(*task.order, task.ends);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto done = stage_.network.call_fiber<Result<Done>>(
        process_, witness_.process(), process_.machine().boot() + kPatience,
        [&witness = witness_, task] { return witness.obey(*task.order, task.ends); });
    if (done) {
      stage_.chronicle.tell("person: done: {}{}", describe(*task.order, stage_.plan),
                            task.ends ? ", ended" : "");
      stage_.observers.orders().answered(*task.order, task.ends, stage_.scheduler.now());
      return;
    }
    stage_.chronicle.tell("person: {}", done.error().what);
    if (done.error().after == After::unchanged_final) return;
    if (done.error().after == After::unknown) stage_.chronicle.reached(Mark::order_unanswered);
    (void)stage_.scheduler.wait_until(stage_.scheduler.now() + kPause);
  }
}

}  // namespace understudy::simulation
