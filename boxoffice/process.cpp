#include "process.h"

#include <fmt/format.h>

#include <cstdio>

namespace understudy::boxoffice {

sigset_t take_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int await_signal(const sigset_t& signals) {
  int received = 0;
  sigwait(&signals, &received);
  return received;
}

std::unique_ptr<WriterPage> open_page(const Configuration& configuration, WideEvents& events) {
  if (!configuration.unprotected) return std::make_unique<WriterPage>(configuration.page);
  events.write("unprotected",
               WideEvent().add("warning",
                               "UNDERSTUDY_UNPROTECTED=1: this process obeys no fence; two regions "
                               "may sell the same seat"));
  return std::make_unique<WriterPage>(WriterPage::Unprotected{});
}

int complain(std::string_view what, int status) {
  fmt::print(stderr, "boxoffice: {}\n", what);
  return status;
}

}  // namespace understudy::boxoffice
