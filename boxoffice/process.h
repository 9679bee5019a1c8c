#pragma once
// What every role's process does alike: signals, the fence page, the first events.

#include <signal.h>

#include <memory>

#include "configuration.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

constexpr int kCannotServe = 1;
constexpr int kWrongConfiguration = 2;

/// SIGTERM and SIGINT, blocked in all threads to come, so that the main one can wait for them. A
/// proxy that hangs up must not kill us either. To be called before the first thread starts.
[[nodiscard]] sigset_t take_signals();
/// Waits for one; which it was.
int await_signal(const sigset_t& signals);

/// The page that the configuration names; that there is none is said in the events.
[[nodiscard]] std::unique_ptr<WriterPage> open_page(const Configuration& configuration,
                                                    WideEvents& events);

/// One line on standard error; the status to end with.
int complain(std::string_view what, int status);

}  // namespace understudy::boxoffice
