#pragma once
// Death at every step: whoever carries an execution is killed in each state that it enters.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "drill/event_log.h"
#include "drill/stage.h"

namespace understudy::drill {

/// A unit of a domain, with all its processes.
struct Victim {
  std::string domain;
  std::string unit;

  [[nodiscard]] std::string name() const { return unit + " of " + domain; }
  auto operator<=>(const Victim&) const = default;
};

/// Kills (SIGKILL) one victim in each state of each execution, once, as soon as it reads that the
/// state was entered; its supervisor starts it again at once. In turns, so that in as many like
/// executions as there are victims each of them dies in each state. One that does not run is passed
/// over. Works on a thread of its own from construction to destruction; the stage outlives it.
class Reaper {
 public:
  Reaper(const Stage& stage, std::vector<Victim> victims);
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Waits for an execution to end. Error: none did in this time.
  [[nodiscard]] Result<Done> await_end(Duration longest) const;
  /// How often whom, by kind of execution and state: "failback Fence", {"agent of north": 2}.
  [[nodiscard]] std::map<std::string, std::map<std::string, unsigned>> deaths() const;

 private:
  void watch(const std::stop_token& stop);
  void strike(const std::string& kind_and_state);

  const Stage& stage_;
  const std::vector<Victim> victims_;
  EventTail events_;  // of the thread alone
  mutable std::mutex lock_;
  std::map<std::string, std::map<std::string, unsigned>> deaths_;  // guarded by lock_
  std::map<Victim, unsigned> total_;                               // guarded by lock_
  std::atomic<bool> ended_{false};
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace understudy::drill
