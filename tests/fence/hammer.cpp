#include "hammer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/ensure.h"

namespace understudy::fence_test {
namespace {

Nanoseconds boot_now() { return understudy_clock_ns(CLOCK_BOOTTIME); }

void pause_for(Nanoseconds length) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(length));
}

// The kernel stamps arrivals by the wall clock. Sampled until nothing came between the readings.
Nanoseconds wall_minus_boot() {
  while (true) {
    const auto before = boot_now();
    const auto wall = understudy_clock_ns(CLOCK_REALTIME);
    if (boot_now() - before < 20'000) return wall - before;
  }
}

struct Arrival {
  std::string bytes;
  Nanoseconds at = 0;
  bool timed = false;
};

// What has arrived, and when its last byte did. Empty at the end of the connection.
Arrival receive_some(int socket) {
  pollfd waiting{socket, POLLIN, 0};
  poll(&waiting, 1, 60'000);
  char bytes[4096];
  alignas(cmsghdr) char control[256];
  iovec buffer{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto got = recvmsg(socket, &message, 0);
  Arrival arrival;
  arrival.at = boot_now();
  if (got <= 0) return arrival;
  arrival.bytes.assign(bytes, static_cast<std::size_t>(got));
  for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    arrival.at = stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec - wall_minus_boot();
    arrival.timed = true;
  }
  return arrival;
}

// The type of the first whole message in `bytes`, which is taken off, or 0.
char take_message(std::string& bytes) {
  if (bytes.size() < 5) return 0;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 1, 4);
  length = ntohl(length) + 1;
  if (bytes.size() < length) return 0;
  const char type = bytes[0];
  bytes.erase(0, length);
  return type;
}

// Never a process that only has the number of a backend that is gone.
bool is_child_of(pid_t process, pid_t parent) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);)
    if (line == fmt::format("PPid:\t{}", parent)) return true;
  return false;
}

}  // namespace

Nanoseconds lateness(const std::vector<Lease>& leases, Nanoseconds at) {
  Nanoseconds ended = 0;
  for (const auto& lease : leases) {
    if (lease.from > at) continue;
    if (at <= lease.until) return 0;
    ended = std::max(ended, lease.until);
  }
  return at - ended;
}

Granter::Granter(Nanoseconds ttl, Nanoseconds pause) : ttl_(ttl), pause_(pause) {
  ensure(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets_) == 0, "a socket pair can be made");
}

Granter::~Granter() {
  shutdown(sockets_[0], SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  close(sockets_[0]);
  close(sockets_[1]);
}

void Granter::start() {
  thread_ = std::thread([this] { serve(); });
}

std::vector<Lease> Granter::leases() const {
  const std::lock_guard lock(mutex_);
  return leases_;
}

void Granter::serve() {
  Nanoseconds asked_at = 0;
  while (recv(sockets_[0], &asked_at, sizeof asked_at, 0) == sizeof asked_at) {
    const char granted = grant(asked_at) ? 1 : 0;
    if (send(sockets_[0], &granted, 1, MSG_NOSIGNAL) != 1) return;
  }
}

bool Granter::grant(Nanoseconds asked_at) {
  const std::lock_guard lock(mutex_);
  if (refusing) return false;
  if (!leases_.empty() && asked_at > leases_.back().until) {
    if (asked_at < leases_.back().until + pause_) return false;
    ++lapses_;
  }
  leases_.push_back({asked_at, asked_at + ttl_});
  return true;
}

Renewer::Renewer(TestPage& page, int granter, Nanoseconds ttl) {
  child_ = fork();
  ensure(child_ >= 0, "a process can be forked");
  if (child_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (std::uint64_t serial = 1;; ++serial) {
    understudy_promise promise{};
    promise.serial = serial;
    const auto asked_at = boot_now();
    promise.deadline_boot_ns = asked_at + ttl;
    promise.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) + ttl + 1'000'000'000;
    char granted = 0;
    if (send(granter, &asked_at, sizeof asked_at, MSG_NOSIGNAL) < 0 ||
        recv(granter, &granted, 1, 0) != 1)
      _exit(0);
    if (granted) page.write(promise);
    usleep(static_cast<useconds_t>(ttl / 3000));
  }
}

Renewer::~Renewer() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

Committer::Committer(const ScratchPostgres& server, int number, std::string preamble)
    : server_(server), number_(number), preamble_(std::move(preamble)) {
  thread_ = std::thread([this] { work(); });
}

Committer::~Committer() { stop(); }

void Committer::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

pid_t Committer::freeze_backend() const {
  const pid_t backend = backend_;
  if (backend <= 0 || !is_child_of(backend, server_.postmaster())) return -1;
  return kill(backend, SIGSTOP) == 0 ? backend : -1;
}

// libpq opens the connection; after that its socket is read here, for the kernel's time stamps.
void Committer::work() {
  for (int row = 0; !stopping_;) {
    auto session = server_.connect();
    if (!preamble_.empty()) session.run(preamble_);
    const int socket = PQsocket(session.raw());
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    backend_ = session.backend();
    while (!stopping_ && commit_one(socket, fmt::format("{}-{}", number_, row))) ++row;
    ++row;
    backend_ = -1;
  }
}

// False when the connection has ended.
bool Committer::commit_one(int socket, const std::string& what) {
  const std::string insert = "INSERT INTO orders VALUES ('" + what + "')";
  const std::string sql = number_ % 2 ? "BEGIN; " + insert + "; COMMIT" : insert;
  const auto length = htonl(static_cast<std::uint32_t>(4 + sql.size() + 1));
  std::string message = "Q";
  message.append(reinterpret_cast<const char*>(&length), 4).append(sql).push_back('\0');
  if (send(socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) return ++cut_, false;
  std::string bytes;
  int completed = 0;
  bool failed = false;
  while (true) {
    const auto arrival = receive_some(socket);
    if (arrival.bytes.empty()) return ++cut_, false;
    bytes += arrival.bytes;
    while (const char type = take_message(bytes)) {
      failed = failed || type == 'E';
      if (type == 'C' && ++completed == (number_ % 2 ? 3 : 1)) {
        acknowledged_.push_back({arrival.at, what});
        untimed_ += !arrival.timed;
      }
      if (type != 'Z') continue;
      if (!failed) return true;
      ++refused_;
      pause_for(1'000'000);
      return true;
    }
  }
}

}  // namespace understudy::fence_test
