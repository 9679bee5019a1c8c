#pragma once
// The Vantage port: looks at a region of the local stack from one address.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "local/layout.h"
#include "ports/clock.h"
#include "ports/vantage.h"
#include "system/http_client.h"
#include "system/postgres.h"

namespace understudy {

/// Thread-safe. Looks at the way in, the services and the database side by side, so that one that
/// hangs hides none of the others. If all was well a moment ago the way in is asked alone first,
/// and the others only if it does not say at once that the region takes traffic. `layout` and
/// `clock` outlive it.
class LocalVantage final : public Vantage {
 public:
  /// `source_address`: where the looks come from. `probe_password` of the role understudy_probe.
  LocalVantage(std::string name, std::string source_address, const Layout& layout,
               std::string probe_password, Clock& clock);

  std::string name() const override { return name_; }
  Result<Sighting> look(const std::string& region, BootTime deadline) override;
  Result<Watched> watch(const std::string& region, const Pace& pace) override;

 private:
  [[nodiscard]] Sighting look_inside(const std::string& region, BootTime deadline);
  [[nodiscard]] Sighting look_at_path(const std::string& region, BootTime deadline) const;
  bool services_alive(const std::string& region, BootTime deadline, std::string& detail) const;
  bool database_answers(const std::string& region, BootTime deadline, std::string& detail);
  [[nodiscard]] bool was_well_lately(const std::string& region);
  [[nodiscard]] milliseconds rest(BootTime deadline) const;

  const std::string name_;
  const std::string source_address_;
  const Layout& layout_;
  const std::string probe_password_;
  Clock& clock_;
  http::Client http_;
  std::mutex lock_;
  std::map<std::string, postgres::Connection> idle_;  // by region
  std::map<std::string, BootTime> well_at_;           // services and database, by region
};

}  // namespace understudy
