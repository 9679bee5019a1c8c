#pragma once
// A real supervisor over units of a test's own.

#include <string>
#include <vector>

#include "local/units.h"
#include "scratch.h"

namespace understudy {

/// A unit that runs one line of shell in the scratch folder.
[[nodiscard]] Unit shell_unit(const Scratch& scratch, const std::string& name,
                              const std::string& line);

/// supervise() in a process of its own, for as long as the object lives. The units' folder is the
/// scratch folder.
class SupervisedDomain {
 public:
  SupervisedDomain(const Scratch& scratch, const std::vector<Unit>& units);
  ~SupervisedDomain();
  SupervisedDomain(const SupervisedDomain&) = delete;
  SupervisedDomain& operator=(const SupervisedDomain&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& socket() const { return socket_; }
  [[nodiscard]] SupervisorClient client() const { return SupervisorClient(socket_); }
  /// What the supervisor says of one unit; all zero if it does not know it.
  [[nodiscard]] UnitState unit(const std::string& name) const;
  [[nodiscard]] bool runs(const std::string& name) const { return unit(name).pid != 0; }

  /// Asks it to end; its wait status.
  int end();
  /// SIGKILL, and waits.
  void kill_it();

 private:
  std::string socket_;
  pid_t pid_ = 0;
};

/// Runs supervise() in a child; the child's pid. It prints an error to `output` and exits with 1.
[[nodiscard]] pid_t spawn_supervisor(const std::string& folder, const std::string& socket,
                                     const std::string& output);

}  // namespace understudy
