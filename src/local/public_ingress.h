#pragma once
// The Ingress port on the edge of the local stack.

#include <string>

#include "local/layout.h"
#include "ports/clock.h"
#include "ports/ingress.h"
#include "system/http_client.h"

namespace understudy {

/// Thread-safe. `layout` and `clock` outlive it.
class PublicIngress final : public Ingress {
 public:
  PublicIngress(const Layout& layout, std::string understudy_password, const Clock& clock)
      : layout_(layout), password_(std::move(understudy_password)), clock_(clock) {}

  Result<std::string> serving_region(BootTime deadline) override;
  Result<Done> write_and_read(std::uint64_t transition, BootTime deadline) override;

 private:
  const Layout& layout_;
  const std::string password_;
  const Clock& clock_;
  http::Client http_;
};

}  // namespace understudy
