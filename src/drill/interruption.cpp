#include "drill/interruption.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace understudy::drill {

namespace {

volatile std::sig_atomic_t noted = 0;

void note(int) { noted = 1; }

}  // namespace

void catch_interruptions() {
  struct sigaction action {};
  action.sa_handler = note;
  for (const int each : {SIGINT, SIGTERM}) sigaction(each, &action, nullptr);
}

bool interrupted() { return noted != 0; }

void sleep_unless_interrupted(Duration length) {
  const auto give_up = std::chrono::steady_clock::now() + length;
  while (!interrupted()) {
    const auto rest = give_up - std::chrono::steady_clock::now();
    if (rest <= Duration::zero()) return;
    usleep(static_cast<useconds_t>(
        std::chrono::ceil<std::chrono::microseconds>(std::min<Duration>(rest, milliseconds(50)))
            .count()));
  }
}

}  // namespace understudy::drill
