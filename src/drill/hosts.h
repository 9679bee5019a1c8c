#pragma once
// A host of its own for each failure domain, so that the network between any two of them can be cut
// in either direction: network namespaces, joined by a bridge. The stack keeps its addresses; it
// does not know.

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "local/layout.h"
#include "system/network_namespace.h"

namespace understudy::drill {

/// One for each domain of a stack, and one for the drill itself. Gone with the object and the
/// processes that run on them. One thread.
class Hosts {
 public:
  /// Error, unchanged_final: this needs root and the program `ip` (Debian's iproute2).
  [[nodiscard]] static Result<std::unique_ptr<Hosts>> make(const Layout& layout);

  /// This thread, and what it starts, is on the domain's host meanwhile.
  [[nodiscard]] std::unique_ptr<NetworkNamespace::Stay> visit(const std::string& domain) const;
  /// The same for the drill's own host, from which every other is reached.
  [[nodiscard]] std::unique_ptr<NetworkNamespace::Stay> visit_drill() const;

  /// From now on, packets of one domain's host to another's are lost without a word. Those of the
  /// other direction arrive.
  [[nodiscard]] Result<Done> cut(const std::string& from, const std::string& to) const;
  /// Undoes it.
  [[nodiscard]] Result<Done> mend(const std::string& from, const std::string& to) const;

 private:
  struct Host {
    std::string address;
    NetworkNamespace network;
  };

  explicit Hosts(NetworkNamespace between) : between_(std::move(between)) {}
  [[nodiscard]] Result<Done> add(const std::string& name, const std::string& address);
  [[nodiscard]] const Host& host(const std::string& name) const;

  NetworkNamespace between_;  ///< with the bridge
  std::map<std::string, Host> hosts_;
};

}  // namespace understudy::drill
