#include "local/public_ingress.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/wire.h"
#include "system/postgres.h"

namespace understudy {

namespace {
milliseconds rest(const Clock& clock, BootTime deadline) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock.boot()));
}
}  // namespace

Result<std::string> PublicIngress::serving_region(BootTime deadline) {
  const std::string url = fmt::format("http://{}{}", layout_.edge_http().text(), kRegionReadyPath);
  auto answer = http_.send(url, {.method = "GET"}, rest(clock_, deadline));
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{After::unchanged_retry,
                 fmt::format("HTTP {} at the public ingress", answer->status)};
  }
  const auto body = wire::parse_object(answer->body);
  const auto* region = body ? body->if_contains("region") : nullptr;
  if (region == nullptr || !region->is_string())
    return Error{After::unknown, "the public ingress names no region"};
  return std::string(region->get_string());
}

Result<Done> PublicIngress::write_and_read(std::uint64_t transition, BootTime deadline) {
  const Endpoint endpoint = layout_.edge_database();
  auto session = postgres::Connection::open(
      fmt::format(
          "host={} port={} user=understudy dbname={} password={} application_name=verification",
          endpoint.address, endpoint.port, layout_.topology().database.name, password_),
      rest(clock_, deadline));
  if (!session) return session.error();
  const postgres::Parameters mark{std::to_string(transition)};
  auto written = session->run(
      "INSERT INTO understudy.verification (transition) VALUES ($1) ON CONFLICT DO NOTHING", mark,
      rest(clock_, deadline));
  if (!written) return written.error();
  auto found = session->run("SELECT at FROM understudy.verification WHERE transition = $1", mark,
                            rest(clock_, deadline));
  if (!found) return found.error();
  if (found->empty()) return Error{After::unchanged_retry, "what was written was not found again"};
  return Done{};
}

}  // namespace understudy
