#pragma once
// Many HTTP exchanges at once on one thread, over kept connections.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "drill/answer.h"

namespace understudy::drill {

struct Transfer {
  std::string url;
  std::optional<std::string> post;  ///< none: a GET, whose body is read but not kept
  std::vector<std::pair<std::string, std::string>> headers;
};

struct TransferLimits {
  std::chrono::milliseconds timeout{2000};  ///< for the whole exchange
  std::chrono::milliseconds connect_timeout{1000};
  std::string authority_file;  ///< "" or the authority that https servers must be signed by
};

struct Finished {
  std::uint64_t tag = 0;
  Exchange exchange;
};

/// Not thread-safe, except wake(). Nothing is ever sent twice: libcurl's own silent repeat over a
/// kept connection that died is prevented, since an attempt that nobody wrote down is no evidence.
class Transfers {
 public:
  explicit Transfers(TransferLimits limits);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// Starts an exchange and hands it to the network as far as that goes without waiting.
  void start(Transfer transfer, std::uint64_t tag);
  /// Waits until something finished, `until` came or wake() was called, and takes what finished.
  [[nodiscard]] std::vector<Finished> wait(BootTime until);
  /// Makes wait() return at once. Thread-safe.
  void wake();
  [[nodiscard]] std::size_t in_flight() const;
  /// Ends all exchanges under way; those whose request has left come back as cut.
  [[nodiscard]] std::vector<Finished> abandon();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace understudy::drill
