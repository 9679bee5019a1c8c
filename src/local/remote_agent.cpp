#include "local/remote_agent.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// Kept back of the caller's time for the way to the agent and back.
constexpr Duration kWay = milliseconds(50);
/// A look lasts until its deadline if nothing answers; its answer comes a little later.
constexpr Duration kAnswerSlack = milliseconds(200);

template <class Value, class From>
Result<Value> decoded(Result<json::object> answer, From from) {
  if (!answer) return answer.error();
  auto value = from(*answer);
  if (!value) return Error{After::unknown, "the agent's answer could not be understood"};
  return std::move(*value);
}

}  // namespace

std::int64_t RemoteAgent::wait_ms(BootTime deadline) const {
  return std::max<std::int64_t>(0, to_ms(deadline - kWay - clock_.boot()));
}

Result<AgentStatus> RemoteAgent::status(BootTime deadline) {
  return decoded<AgentStatus>(client_.get("/v1/status", deadline), wire::agent_status_from);
}

Result<FenceAck> RemoteAgent::fence(std::uint64_t term, BootTime deadline) {
  return decoded<FenceAck>(
      client_.post("/v1/fence", {{"term", term}, {"wait_ms", wait_ms(deadline)}}, deadline),
      wire::fence_ack_from);
}

Result<RevokeAck> RemoteAgent::revoke(std::uint64_t term, BootTime deadline) {
  return decoded<RevokeAck>(
      client_.post("/v1/revoke", {{"term", term}, {"wait_ms", wait_ms(deadline)}}, deadline),
      wire::revoke_ack_from);
}

Result<DatabaseState> RemoteAgent::promote(const PromoteOrder& order, BootTime deadline) {
  json::object body = wire::to_json(order);
  body["wait_ms"] = wait_ms(deadline);
  return decoded<DatabaseState>(client_.post("/v1/promote", body, deadline),
                                wire::database_state_from);
}

Result<Done> RemoteAgent::await_active(std::uint64_t epoch, BootTime deadline) {
  auto answer = client_.post("/v1/await-active", {{"epoch", epoch}, {"wait_ms", wait_ms(deadline)}},
                             deadline);
  if (!answer) return answer.error();
  return Done{};
}

Result<Done> RemoteAgent::scale(const ScaleOrder& order, BootTime deadline) {
  json::object body = wire::to_json(order);
  body["wait_ms"] = wait_ms(deadline);
  auto answer = client_.post("/v1/scale", body, deadline);
  if (!answer) return answer.error();
  return Done{};
}

Result<Done> RemoteAgent::drain(std::uint64_t transition, BootTime deadline) {
  auto answer = client_.post(
      "/v1/drain", {{"transition", transition}, {"wait_ms", wait_ms(deadline)}}, deadline);
  if (!answer) return answer.error();
  return Done{};
}

Result<RebuildState> RemoteAgent::rebuild(const RebuildOrder& order, BootTime deadline) {
  json::object body = wire::to_json(order);
  body["wait_ms"] = wait_ms(deadline);
  return decoded<RebuildState>(client_.post("/v1/rebuild", body, deadline),
                               wire::rebuild_state_from);
}

Result<Done> RemoteGrantor::extend(std::uint64_t term, BootTime deadline) {
  auto answer = client_.post("/v1/extend", {{"term", term}}, deadline);
  if (!answer) return answer.error();
  return Done{};
}

Result<Sighting> RemoteVantage::look(const std::string& region, BootTime deadline) {
  const auto wait = std::max<std::int64_t>(0, to_ms(deadline - clock_.boot()));
  return decoded<Sighting>(client_.get(fmt::format("/v1/look?region={}&wait_ms={}", region, wait),
                                       deadline + kAnswerSlack),
                           wire::sighting_from);
}

Result<Watched> RemoteVantage::watch(const std::string& region, const Pace& pace) {
  return decoded<Watched>(
      client_.get(fmt::format("/v1/watch?region={}&every_ms={}&at_once_ms={}&longest_ms={}", region,
                              to_ms(pace.every), to_ms(pace.at_once), to_ms(pace.longest)),
                  clock_.boot() + pace.longest + pace.at_once + kAnswerSlack),
      wire::watched_from);
}

}  // namespace understudy
