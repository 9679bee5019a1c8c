#include "drill/hosts.h"

#include <fmt/format.h>

#include <fstream>

#include "system/process.h"

namespace understudy::drill {

namespace {

constexpr const char* kDrill = "the drill";
constexpr const char* kDrillAddress = "127.254.0.1";  ///< in no domain's range
/// Nobody's: a packet to it reaches the bridge and no host. So a cut needs no packet filter, and
/// the sender hears nothing, as when a cable is out somewhere on the way.
constexpr const char* kNobody = "02:00:00:00:00:01";

/// Commands for ip(8), in this thread's network.
Result<Done> ip(const std::string& commands) {
  auto done = process::run(
      {.arguments = {"ip", "-batch", "-"},
       .environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
       .input = commands},
      std::chrono::seconds(10));
  if (!done) return within("ip (Debian's iproute2)", done.error());
  if (done->status == 0) return Done{};
  return Error{After::unknown, fmt::format("ip: {}(of: {})", done->output, commands)};
}

/// Lets addresses 127.x leave the host and come in (ip-sysctl: route_localnet).
Result<Done> allow_loopback_addresses_outside() {
  for (const char* device : {"all", "eth0"}) {
    const std::string path = fmt::format("/proc/sys/net/ipv4/conf/{}/route_localnet", device);
    std::ofstream file(path);
    file << "1\n" << std::flush;
    if (!file) return Error{After::unchanged_final, path + " cannot be written"};
  }
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Hosts>> Hosts::make(const Layout& layout) {
  auto between = NetworkNamespace::make();
  if (!between) return between.error();
  auto hosts = std::unique_ptr<Hosts>(new Hosts(std::move(*between)));
  {
    const NetworkNamespace::Stay there(hosts->between_);
    if (auto made = ip("link add bridge type bridge\nlink set bridge up\n"); !made)
      return made.error();
  }
  for (const DomainPlace& place : layout.domains()) {
    if (auto added = hosts->add(place.name, place.address); !added)
      return within("a host for " + place.name, added.error());
  }
  if (auto added = hosts->add(kDrill, kDrillAddress); !added) return added.error();
  return hosts;
}

Result<Done> Hosts::add(const std::string& name, const std::string& address) {
  auto network = NetworkNamespace::make();
  if (!network) return network.error();
  const std::string port = fmt::format("port{}", hosts_.size());
  {
    const NetworkNamespace::Stay there(*network);
    auto wired = ip(fmt::format("link set lo up\nlink add eth0 type veth peer name {} netns {}\n",
                                port, between_.path()));
    if (wired) wired = allow_loopback_addresses_outside();
    // Of all addresses 127.x only 127.0.0.1 and its own are on this host; the others are
    // neighbours.
    if (wired) {
      wired =
          ip(fmt::format("addr del 127.0.0.1/8 dev lo\naddr add 127.0.0.1/32 dev lo\n"
                         "addr add {}/8 dev eth0\nlink set eth0 up\n",
                         address));
    }
    if (!wired) return wired;
  }
  const NetworkNamespace::Stay there(between_);
  if (auto joined = ip(fmt::format("link set {} master bridge up\n", port)); !joined) return joined;
  hosts_.emplace(name, Host{address, std::move(*network)});
  return Done{};
}

const Hosts::Host& Hosts::host(const std::string& name) const {
  const auto found = hosts_.find(name);
  ensure(found != hosts_.end(), "there is a host for every domain");
  return found->second;
}

std::unique_ptr<NetworkNamespace::Stay> Hosts::visit(const std::string& domain) const {
  return std::make_unique<NetworkNamespace::Stay>(host(domain).network);
}

std::unique_ptr<NetworkNamespace::Stay> Hosts::visit_drill() const { return visit(kDrill); }

Result<Done> Hosts::cut(const std::string& from, const std::string& to) const {
  const auto there = visit(from);
  return ip(fmt::format("neigh replace {} lladdr {} dev eth0 nud permanent\n", host(to).address,
                        kNobody));
}

Result<Done> Hosts::mend(const std::string& from, const std::string& to) const {
  const auto there = visit(from);
  return ip(fmt::format("neigh del {} dev eth0\n", host(to).address));
}

}  // namespace understudy::drill
