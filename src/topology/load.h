#pragma once
// Reads understudy.yaml. Every mistake is named with file, line, path and what was expected.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "topology/topology.h"

namespace understudy {

/// One mistake in the file: "understudy.yaml:12: lease.ttl: expected a length such as 2s or 600ms,
/// found \"soon\"".
struct Mistake {
  std::string file;
  int line = 0;      ///< from 1; 0 if it is about the file as a whole
  std::string path;  ///< "services.api-web.posture"
  std::string what;  ///< what was expected, what was found, and for a relation its name

  [[nodiscard]] std::string text() const;
};

/// The topology, or every mistake found (never both, never neither).
struct Loaded {
  std::optional<Topology> topology;
  std::vector<Mistake> mistakes;
};

/// Reads and checks a file. What is relative in it (a command with a '/', the schema file, the data
/// folder) is absolute in the topology. Mistakes come in the order of the file, a hundred at most.
[[nodiscard]] Loaded load_topology(const std::string& file);

/// The same for text already in memory; `file` is used for messages and for relative paths.
[[nodiscard]] Loaded parse_topology(const std::string& text, const std::string& file);

/// Relations between settings that no single field can show, refused by name ("relation
/// lease-margin: ..."), and the bounds of each value. Called by the functions above; also by tests
/// and simulations that build a Topology by hand. File and line are left empty.
[[nodiscard]] std::vector<Mistake> check_relations(const Topology& topology);

}  // namespace understudy
