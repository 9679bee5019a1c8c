#pragma once
// What crosses between Understudy's processes, as JSON. Every reader refuses what it does not fully
// understand: none means malformed.

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "ports/region_agent.h"
#include "ports/registry.h"
#include "ports/vantage.h"

namespace understudy::wire {

/// Parses text as one JSON object of at most 1 MiB and limited depth; none if it is anything else.
[[nodiscard]] std::optional<boost::json::object> parse_object(std::string_view text);

[[nodiscard]] boost::json::object to_json(const Record& record);
[[nodiscard]] boost::json::object to_json(const Sighting& sighting);
[[nodiscard]] boost::json::object to_json(const Watched& watched);
[[nodiscard]] boost::json::object to_json(const DatabaseState& state);
[[nodiscard]] boost::json::object to_json(const FenceAck& ack);
[[nodiscard]] boost::json::object to_json(const RevokeAck& ack);
[[nodiscard]] boost::json::object to_json(const AgentStatus& status);
[[nodiscard]] boost::json::object to_json(const PromoteOrder& order);
[[nodiscard]] boost::json::object to_json(const ScaleOrder& order);
[[nodiscard]] boost::json::object to_json(const RebuildOrder& order);
[[nodiscard]] boost::json::object to_json(const RebuildState& state);

[[nodiscard]] std::optional<Record> record_from(const boost::json::object& object);
[[nodiscard]] std::optional<Sighting> sighting_from(const boost::json::object& object);
[[nodiscard]] std::optional<Watched> watched_from(const boost::json::object& object);
[[nodiscard]] std::optional<DatabaseState> database_state_from(const boost::json::object& object);
[[nodiscard]] std::optional<FenceAck> fence_ack_from(const boost::json::object& object);
[[nodiscard]] std::optional<RevokeAck> revoke_ack_from(const boost::json::object& object);
[[nodiscard]] std::optional<AgentStatus> agent_status_from(const boost::json::object& object);
[[nodiscard]] std::optional<PromoteOrder> promote_order_from(const boost::json::object& object);
[[nodiscard]] std::optional<ScaleOrder> scale_order_from(const boost::json::object& object);
[[nodiscard]] std::optional<RebuildOrder> rebuild_order_from(const boost::json::object& object);
[[nodiscard]] std::optional<RebuildState> rebuild_state_from(const boost::json::object& object);

/// An error as an answer's body, and back; `after` survives the way.
[[nodiscard]] boost::json::object to_json(const Error& error);
[[nodiscard]] Error error_from(const boost::json::object& object);

}  // namespace understudy::wire
