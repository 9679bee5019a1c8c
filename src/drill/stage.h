#pragma once
// A stack that lives as long as one drill.

#include <memory>
#include <string>

#include "drill/database_view.h"
#include "local/site.h"
#include "local/stack.h"
#include "ports/region_agent.h"
#include "ports/registry.h"

namespace understudy::drill {

/// Its own folder, on ports that are free now. Ended and removed by the destructor.
class Stage {
 public:
  /// Brings it up and waits until it serves. Requires: one thread.
  [[nodiscard]] static Result<std::unique_ptr<Stage>> set(Topology topology,
                                                          const std::string& own_program, bool keep,
                                                          const Progress& progress);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

  /// What a region's database holds; waits up to `timeout` for it to answer.
  [[nodiscard]] Result<DatabaseView> view(const std::string& region, milliseconds timeout) const;
  /// Asks the stack's controller, as `understudy status` does.
  [[nodiscard]] Result<boost::json::object> status() const;
  [[nodiscard]] Result<Done> approve() const;
  [[nodiscard]] Result<AgentStatus> agent_status(const std::string& region) const;

  /// A change of the record, as the registry logged it.
  struct RegistryChange {
    Record record;
    std::string author;
    BootTime at;
  };
  /// The next changes after a version, oldest first; empty: there are no more.
  [[nodiscard]] Result<std::vector<RegistryChange>> registry_changes(std::uint64_t after) const;

  /// Ends it now. Error: something was left behind, which fails a drill.
  [[nodiscard]] Result<Done> strike();

 private:
  Stage(Topology topology, std::string folder, bool keep);

  const Topology topology_;
  const std::string folder_;
  const bool keep_;
  const Layout layout_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<ControlClient> controller_;
  std::unique_ptr<ControlClient> registry_;
  bool struck_ = false;
};

}  // namespace understudy::drill
