#include "system/network_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <utility>

namespace understudy {

namespace {

constexpr const char* kOurs = "/proc/thread-self/ns/net";

int open_ours() { return open(kOurs, O_RDONLY | O_CLOEXEC); }

}  // namespace

Result<NetworkNamespace> NetworkNamespace::make() {
  int descriptor = -1;
  int code = 0;
  // A thread of its own: it leaves ours for good.
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      code = errno;
      return;
    }
    descriptor = open_ours();
    code = errno;
  }).join();
  if (descriptor >= 0) return NetworkNamespace(descriptor);
  return Error{After::unchanged_final,
               fmt::format("no network namespace can be made: {}", std::strerror(code))};
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

NetworkNamespace& NetworkNamespace::operator=(NetworkNamespace&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

NetworkNamespace::~NetworkNamespace() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string NetworkNamespace::path() const {
  return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_);
}

NetworkNamespace::Stay::Stay(const NetworkNamespace& where) : home_(open_ours()) {
  ensure(home_ >= 0, "a thread can name its own network");
  ensure(setns(where.descriptor_, CLONE_NEWNET) == 0, "who made a network may enter it");
}

NetworkNamespace::Stay::~Stay() {
  ensure(setns(home_, CLONE_NEWNET) == 0, "a thread can go home to its network");
  close(home_);
}

}  // namespace understudy
