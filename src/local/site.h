#pragma once
// What every process of a local stack starts from: its data folder, read once.

#include <memory>
#include <string>

#include "base/result.h"
#include "local/control_client.h"
#include "local/layout.h"
#include "local/secrets.h"
#include "system/http_client.h"

namespace understudy {

/// The stack in a data folder, as `up` made it. Does not move: others keep references into it.
class Site {
 public:
  /// Error, unchanged_final: there is no stack there, or it cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<Site>> open(const std::string& data);

  [[nodiscard]] const Topology& topology() const { return topology_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] const StackSecrets& secrets() const { return secrets_; }

  /// A client that shows the certificate `name` from `folder`. Make one and share it.
  [[nodiscard]] static std::shared_ptr<const http::Client> control_http(const std::string& folder,
                                                                        const std::string& name);

 private:
  Site(Topology topology, const std::string& data, StackSecrets secrets)
      : topology_(std::move(topology)), layout_(topology_, data), secrets_(std::move(secrets)) {}

  const Topology topology_;
  const Layout layout_;
  const StackSecrets secrets_;
};

/// Blocks SIGTERM and SIGINT in this thread and every thread it starts afterwards.
void block_stop_signals();
/// Waits until one of them comes.
void wait_for_stop_signal();

}  // namespace understudy
