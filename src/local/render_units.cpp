// What each supervisor runs.

#include <fmt/format.h>

#include "local/render.h"

namespace understudy {

namespace {

/// Where units find programs; nothing else of the caller's environment reaches them.
const std::map<std::string, std::string> kPlainEnvironment = {
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"LC_ALL", "C.UTF-8"}};

Unit unit(const DomainPlace& place, const std::string& name, std::vector<std::string> command) {
  return {.name = name,
          .group = name,
          .command = std::move(command),
          .environment = kPlainEnvironment,
          .directory = place.folder,
          .log_file = place.file("log/" + name + ".log")};
}

/// `program` of ours, told where the stack is.
Unit own(const Layout& layout, const DomainPlace& place, const std::string& name,
         const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {layout.file("bin/" + program)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--data", layout.data()});
  return unit(place, name, std::move(command));
}

Unit haproxy(const DomainPlace& place, const std::string& name, const Programs& programs) {
  return unit(place, name, {programs.haproxy, "-db", "-q", "-f", place.file(name + ".cfg")});
}

Unit cdn(const DomainPlace& place, const Programs& programs) {
  return unit(place, "cdn",
              {programs.nginx, "-e", "stderr", "-p", place.folder, "-c", place.file("cdn.conf")});
}

Unit postgres(const DomainPlace& place, const Programs& programs) {
  Unit server = unit(place, "postgres",
                     {programs.postgres_folder + "/postgres", "-D", place.file("postgres"), "-c",
                      "config_file=" + place.file("postgresql.conf")});
  server.stop_signal = SIGINT;    // fast shutdown: ends sessions, flushes
  server.death_signal = SIGQUIT;  // immediate: as if the machine had died
  return server;
}

/// Where a service finds others; every region's are told of their own region's internal ones.
void add_urls(std::map<std::string, std::string>& environment, const Layout& layout,
              const std::string& region) {
  environment["API_URL"] = "http://" + layout.edge_http().text();
  if (!layout.cdn_listeners().empty())
    environment["CDN_URL"] = "http://" + layout.edge_cdn().text();
  for (const Service* internal : layout.topology().reached_by(IngressKind::internal)) {
    environment[url_variable(*internal)] =
        "http://" + layout.internal(region, internal->name).text();
  }
}

void add_service(std::vector<Unit>& units, const Layout& layout, const DomainPlace& place,
                 const Service& service, const StackSecrets& secrets) {
  const std::string& region = place.name;
  for (unsigned i = 0; i < Layout::instances_max(service); ++i) {
    std::vector<std::string> command = service.command;
    if (command[0].find('/') != std::string::npos)
      command[0] = deployed_program(layout, region, service);
    Unit instance = unit(place, fmt::format("{}.{}", service.name, i), std::move(command));
    instance.group = service.name;
    auto& environment = instance.environment;
    for (const auto& [name, value] : service.environment) environment[name] = value;
    for (const std::string& name : service.secrets)
      environment[name] = secrets.of_services.at(name);
    environment["REGION"] = region;
    environment["INSTANCE"] = fmt::format("{}.{}", service.name, i);
    environment["DATABASE_URL"] = application_conninfo(layout, region, secrets);
    if (layout.topology().redis) {
      environment["REDIS_URL"] =
          fmt::format("redis://:{}@{}", secrets.redis, layout.redis(region).text());
    }
    environment["UNDERSTUDY_PAGE"] = layout.page(region);
    add_urls(environment, layout, region);
    if (service.listens) {
      const Endpoint endpoint = layout.service(region, service.name, i);
      environment["HOST"] = endpoint.address;
      environment["PORT"] = std::to_string(endpoint.port);
    }
    // A region starts as a standby; its agent asks for more when it may.
    instance.wanted = i < service.instances(false);
    units.push_back(std::move(instance));
  }
}

}  // namespace

std::vector<Unit> units_of(const Layout& layout, const std::string& domain,
                           const Programs& programs, const StackSecrets& secrets) {
  const DomainPlace place = layout.domain(domain);
  if (domain == "witness") {
    return {own(layout, place, "registry", "understudy", {"registry"}),
            own(layout, place, "controller", "understudy", {"serve"})};
  }
  if (domain == "edge") {
    std::vector<Unit> units = {haproxy(place, "edge", programs)};
    if (!layout.cdn_listeners().empty()) units.push_back(cdn(place, programs));
    units.push_back(own(layout, place, "vantage", "understudy-agent", {"--edge"}));
    return units;
  }
  std::vector<Unit> units = {postgres(place, programs)};
  if (layout.topology().redis)
    units.push_back(unit(place, "redis", {programs.redis_server, place.file("redis.conf")}));
  units.push_back(own(layout, place, "agent", "understudy-agent", {"--region", domain}));
  for (const Service& service : layout.topology().services)
    add_service(units, layout, place, service, secrets);
  units.push_back(haproxy(place, "load-balancer", programs));
  return units;
}

}  // namespace understudy
