#pragma once
// A real program for as long as an object lives.

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "base/time.h"
#include "system/process.h"

namespace understudy {

/// Started by the constructor, killed by the destructor.
class RunningProgram {
 public:
  explicit RunningProgram(std::vector<std::string> arguments) {
    const auto pid = process::spawn({.arguments = std::move(arguments), .death_signal = SIGKILL});
    EXPECT_TRUE(pid) << pid.error().what;
    if (pid) who_ = process::identify(*pid);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  ~RunningProgram() {
    if (!who_) return;
    kill(who_->pid, SIGKILL);
    EXPECT_TRUE(process::wait_gone(*who_, milliseconds(5000)));
  }

 private:
  std::optional<process::Identity> who_;
};

}  // namespace understudy
