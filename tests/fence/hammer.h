#pragma once
// What the hammer is made of: leases granted and logged, clients that note when the answer arrived,
// and the comparison of the two.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "scratch_postgres.h"

namespace understudy::fence_test {

using Nanoseconds = std::int64_t;  // of the boot-time clock

/// One grant: the holder may write from when it asked until ttl later.
struct Lease {
  Nanoseconds from = 0;
  Nanoseconds until = 0;
};

struct Acknowledgement {
  Nanoseconds at = 0;  ///< when the kernel received its last byte
  std::string what;    ///< the row that was acknowledged
};

/// How long after the end of the last lease before it (or, if a later one has begun, 0) it arrived.
[[nodiscard]] Nanoseconds lateness(const std::vector<Lease>& leases, Nanoseconds at);

/// Grants leases to one asker over a socket and logs each before it answers. After a lapse it
/// grants nothing for `pause`, so that a late acknowledgement shows.
class Granter {
 public:
  Granter(Nanoseconds ttl, Nanoseconds pause);
  ~Granter();
  Granter(const Granter&) = delete;
  Granter& operator=(const Granter&) = delete;

  /// The asker's end of the socket.
  [[nodiscard]] int asker() const { return sockets_[1]; }
  void start();
  /// Refuses everything while set: a revocation.
  std::atomic<bool> refusing{false};
  [[nodiscard]] std::vector<Lease> leases() const;
  [[nodiscard]] int lapses() const { return lapses_; }

 private:
  void serve();
  bool grant(Nanoseconds asked_at);

  Nanoseconds ttl_;
  Nanoseconds pause_;
  int sockets_[2] = {-1, -1};
  mutable std::mutex mutex_;
  std::vector<Lease> leases_;
  std::atomic<int> lapses_{0};
  std::thread thread_;
};

/// Asks for a lease every ttl/3 and writes the page, in a process of its own that can be frozen.
class Renewer {
 public:
  Renewer(TestPage& page, int granter, Nanoseconds ttl);
  ~Renewer();
  Renewer(const Renewer&) = delete;
  Renewer& operator=(const Renewer&) = delete;
  [[nodiscard]] pid_t pid() const { return child_; }

 private:
  pid_t child_ = -1;
};

/// Commits one row after another over one connection, opening another when it is cut.
class Committer {
 public:
  Committer(const ScratchPostgres& server, int number, std::string preamble);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Stops its backend if it has one now. What it stopped, or -1.
  [[nodiscard]] pid_t freeze_backend() const;
  void stop();
  [[nodiscard]] const std::vector<Acknowledgement>& acknowledged() const { return acknowledged_; }
  [[nodiscard]] int refused() const { return refused_; }
  [[nodiscard]] int cut() const { return cut_; }
  [[nodiscard]] int untimed() const { return untimed_; }

 private:
  void work();
  bool commit_one(int socket, const std::string& what);

  const ScratchPostgres& server_;
  int number_;
  std::string preamble_;
  std::atomic<bool> stopping_{false};
  std::atomic<pid_t> backend_{-1};
  std::vector<Acknowledgement> acknowledged_;
  int refused_ = 0;
  int cut_ = 0;
  int untimed_ = 0;
  std::thread thread_;
};

}  // namespace understudy::fence_test
