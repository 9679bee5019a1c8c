#pragma once
// The Registry port over `understudy registry`.

#include "local/control_client.h"
#include "ports/registry.h"

namespace understudy {

/// Thread-safe.
class RemoteRegistry final : public Registry {
 public:
  RemoteRegistry(ControlClient client, const Clock& clock)
      : client_(std::move(client)), clock_(clock) {}

  Result<Record> read(BootTime deadline) override;
  Replaced replace(const Record& next, BootTime deadline) override;
  Result<Record> await_change(std::uint64_t version, BootTime deadline) override;

 private:
  ControlClient client_;
  const Clock& clock_;
};

}  // namespace understudy
