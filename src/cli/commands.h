#pragma once
// The commands of `understudy`, one function each. They print for people and return the exit
// status.

#include <optional>
#include <string>

#include "base/exit_status.h"
#include "topology/topology.h"

namespace understudy {

/// Which platform, and where its stack is.
struct Where {
  std::string config = "understudy.yaml";
  std::string data;                        ///< "": as the file says, or the default folder
  std::optional<std::uint16_t> port_base;  ///< over the file's local.port_base
  std::string own_program;                 ///< path of this binary
};

Exit validate_command(const Where& where);
Exit up_command(const Where& where);
Exit down_command(const Where& where, bool keep_data);
Exit status_command(const Where& where, bool json);
struct CheckWords {
  bool json = false;
  bool fresh = false;   ///< look now; else what the controller's last look saw
  bool strict = false;  ///< what degrades is not ready, either
};
/// Could a failover succeed right now? Exit::no if not.
Exit check_command(const Where& where, const CheckWords& words);
Exit logs_command(const Where& where, const std::string& domain, const std::string& unit,
                  unsigned lines, bool follow);
Exit history_command(const Where& where, const std::string& execution, bool json);
Exit timeline_command(const Where& where, const std::string& execution, bool json);
Exit detach_command(const Where& where);
/// What an operator vouches for when the registry's record is made anew.
struct RecoverWords {
  std::string gone;     ///< a region that is powered off or destroyed; "": none
  std::string settled;  ///< one whose database is under no promotion; "": none
  bool yes = false;     ///< else it only tells what it would do
};
Exit recover_command(const Where& where, const RecoverWords& words);
/// `accept_loss`: what the standby lacks may be lost, if that is what is asked.
Exit answer_command(const Where& where, const std::string& execution, bool approved,
                    bool accept_loss);

/// What an operator orders about automatic failovers.
struct OrderWords {
  std::string set;     ///< on, ask or off
  std::string reason;  ///< "": none
  std::string length;  ///< "2h"; "": until it is ordered otherwise
};
Exit automation_command(const Where& where, const OrderWords& words);
Exit maintenance_command(const Where& where, const OrderWords& words);
Exit acknowledge_command(const Where& where);
/// A test alert to the target of that name, or to all ("").
Exit alert_command(const Where& where, const std::string& to);

/// Loads the topology and applies what the command line says over it; prints every mistake.
[[nodiscard]] std::optional<Topology> load_or_explain(const Where& where);
/// The stack's data folder, absolute and without symbolic links.
[[nodiscard]] std::string data_folder(const Where& where, const Topology& topology);
/// The stack that is meant: as `up` made it if it is there, else as the file describes it. With
/// --data the file is not even needed. Prints the file's mistakes when there is nothing to go by.
struct Stack {
  Topology topology;
  std::string data;
};
[[nodiscard]] std::optional<Stack> find_stack(const Where& where);
/// One line to standard error: "understudy up: ...".
Exit fail(const std::string& command, const std::string& what, Exit status);

}  // namespace understudy
