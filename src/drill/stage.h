#pragma once
// A stack that lives as long as one drill.

#include <memory>
#include <string>

#include "drill/database_view.h"
#include "drill/hosts.h"
#include "drill/own_clock.h"
#include "drill/own_disk.h"
#include "local/site.h"
#include "local/stack.h"
#include "local/units.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "system/process_tree.h"

namespace understudy::drill {

/// What a stack needs beyond processes for what is to be done to it. Each takes root.
struct StageNeeds {
  bool hosts = false;  ///< one for each domain, with a network between them
  bool disk = false;   ///< of the home region's own
  bool clock = false;  ///< the home region's wall clock can be moved
  [[nodiscard]] bool root() const { return hosts || disk || clock; }
};

/// Its own folder, on ports that are free now. Ended and removed by the destructor. One thread.
class Stage {
 public:
  /// Brings it up and waits until it serves. With hosts, the calling thread is on the drill's own
  /// until the stage is struck. Error, unchanged_final: what is needed cannot be had here.
  [[nodiscard]] static Result<std::unique_ptr<Stage>> set(Topology topology,
                                                          const std::string& own_program,
                                                          const StageNeeds& needs = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] SupervisorClient supervisor(const std::string& domain) const;
  /// A unit's process and all that descends from it; none if it does not run.
  [[nodiscard]] Result<std::vector<process::Identity>> processes(const std::string& domain,
                                                                 const std::string& unit) const;
  /// Starts a domain that was killed, where it was.
  [[nodiscard]] Result<Done> start(const std::string& domain) const;
  // Requires: the stage was set with them.
  [[nodiscard]] const Hosts& hosts() const;
  [[nodiscard]] const OwnDisk& disk() const;
  [[nodiscard]] const OwnClock& clock() const;

  /// What a region's database holds; waits up to `timeout` for it to answer.
  [[nodiscard]] Result<DatabaseView> view(const std::string& region, milliseconds timeout) const;
  /// Asks the stack's controller, as `understudy status` does.
  [[nodiscard]] Result<boost::json::object> status() const;
  /// As `understudy check --fresh --json` says it.
  [[nodiscard]] Result<boost::json::object> readiness() const;
  [[nodiscard]] Result<Done> approve() const;
  /// Orders something of the controller, as the command line does.
  [[nodiscard]] Result<boost::json::object> order(const std::string& path,
                                                  const boost::json::object& body) const;
  /// The replication slots of a region's database.
  [[nodiscard]] Result<std::vector<std::string>> slots(const std::string& region) const;
  [[nodiscard]] Result<AgentStatus> agent_status(const std::string& region) const;

  /// A change of the record, as the registry logged it.
  struct RegistryChange {
    Record record;
    std::string author;
    BootTime at;
  };
  /// The next changes after a version, oldest first; empty: there are no more.
  [[nodiscard]] Result<std::vector<RegistryChange>> registry_changes(std::uint64_t after) const;

  /// Its folder stays when it is ended, for looking into it.
  void keep() { keep_ = true; }
  /// Ends it now. Error: something was left behind, which fails a drill.
  [[nodiscard]] Result<Done> strike();

 private:
  Stage(Topology topology, std::string folder);
  [[nodiscard]] Result<Done> await_standby() const;
  [[nodiscard]] Result<Done> bring_up(const std::string& own_program, const StageNeeds& needs);

  const Topology topology_;
  const std::string folder_;
  bool keep_ = false;
  const Layout layout_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<OwnDisk> disk_;
  std::unique_ptr<OwnClock> moved_clock_;
  std::unique_ptr<Hosts> hosts_;
  std::unique_ptr<NetworkNamespace::Stay> stay_;  ///< on the drill's own host
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<ControlClient> controller_;
  std::unique_ptr<ControlClient> registry_;
  bool struck_ = false;
};

}  // namespace understudy::drill
