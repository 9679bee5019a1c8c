#pragma once
// Somebody at the command line who orders, and tries again until there is an answer.

#include <deque>

#include "simulation/stage.h"
#include "simulation/witness.h"

namespace understudy::simulation {

class Person {
 public:
  Person(Stage& stage, Machine& machine, Witness& witness)
      : stage_(stage), witness_(witness), process_(machine, "person") {}

  /// One order after the other, as the plan has them. `ends`: maintenance mode is to end.
  void order(const Fault& order, bool ends);

 private:
  struct Task {
    const Fault* order;
    bool ends;
  };
  void work();
  void give(const Task& task);

  Stage& stage_;
  Witness& witness_;
  Process process_;
  std::deque<Task> tasks_;
};

}  // namespace understudy::simulation
