#pragma once
// The passwords of a local stack: made once by `up`, kept in one file that only its user may read.

#include <map>
#include <string>

#include "base/result.h"
#include "topology/topology.h"

namespace understudy {

struct StackSecrets {
  std::string postgres_superuser;
  std::string understudy_role;  ///< the agent's and the controller's role
  std::string probe_role;       ///< may connect, and nothing else
  std::string replication_role;
  std::string application_role;
  std::string redis;
  std::map<std::string, std::string> of_services;  ///< by the name of their variable
};

/// Random ones, from the kernel.
[[nodiscard]] StackSecrets make_secrets();
/// Makes those that services ask for and that are not there yet. False: there was none to make.
bool add_service_secrets(StackSecrets& secrets, const Topology& topology);
[[nodiscard]] Result<Done> save_secrets(const StackSecrets& secrets, const std::string& file);
[[nodiscard]] Result<StackSecrets> load_secrets(const std::string& file);

}  // namespace understudy
