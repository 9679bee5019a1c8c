#pragma once
// One way to reach people: a command, a webhook or a mail server.

#include <chrono>
#include <memory>
#include <string>

#include "alerting/message.h"
#include "base/result.h"
#include "topology/topology.h"

namespace understudy::alerting {

/// How long one attempt may take.
inline constexpr std::chrono::milliseconds kAttemptMax{10'000};

/// Thread-safe.
class Delivery {
 public:
  virtual ~Delivery() = default;
  /// Tries once. Error, unchanged_final: trying again is pointless. No text of it holds a secret.
  [[nodiscard]] virtual Result<Done> deliver(const Message& message) = 0;
};

/// Reads no file yet: secrets are read anew for each delivery, so that they can be replaced while
/// the program runs. `timeout` is of one attempt.
[[nodiscard]] std::unique_ptr<Delivery> make_delivery(
    const AlertTarget& target, std::chrono::milliseconds timeout = kAttemptMax);

/// "command", "slack webhook", "mail": for people.
[[nodiscard]] std::string kind_of(const AlertTarget& target);

/// The first line of a regular file that not everybody may read. Errors say what is wrong with it,
/// and nothing of what it holds.
[[nodiscard]] Result<std::string> read_secret(const std::string& file);

}  // namespace understudy::alerting
