#pragma once
// A drill's result as `--json` and `--report` write it.

#include <boost/json/object.hpp>
#include <string>

#include "cli/drill_command.h"
#include "drill/drill.h"
#include "topology/topology.h"

namespace understudy {

/// The verdict, what the drill checked besides, its course (drill/course.h) and its environment.
[[nodiscard]] boost::json::object drill_json(const drill::DrillResult& result,
                                             boost::json::object environment);

/// What it takes to repeat a drill: the command, version, machine, and the settings that matter.
/// Services' environment and the like are left out, for they may hold secrets.
[[nodiscard]] boost::json::object drill_environment(const drill::Fault& fault,
                                                    const Topology& topology, const Where& where,
                                                    const DrillWords& words);

}  // namespace understudy
