#include "ports/wire.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <iterator>
#include <type_traits>

namespace understudy::wire {

namespace json = boost::json;

namespace {

/// Reads members one after the other; once one is missing or of another type, the whole is
/// malformed.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  Reader& operator()(std::string_view key, std::string& into) {
    if (const json::value* found = need(key)) {
      if (found->is_string()) {
        into = found->get_string();
      } else {
        good_ = false;
      }
    }
    return *this;
  }
  Reader& operator()(std::string_view key, bool& into) {
    if (const json::value* found = need(key)) {
      if (found->is_bool()) {
        into = found->get_bool();
      } else {
        good_ = false;
      }
    }
    return *this;
  }
  template <class Whole>
  requires std::is_integral_v<Whole> Reader& operator()(std::string_view key, Whole& into) {
    if (const json::value* found = need(key)) {
      boost::system::error_code error;
      const auto number = found->is_number() ? found->to_number<Whole>(error) : Whole{};
      if (!found->is_number() || error) {
        good_ = false;
      } else {
        into = number;
      }
    }
    return *this;
  }
  Reader& operator()(std::string_view key, WallTime& into) {
    std::int64_t nanoseconds = 0;
    (*this)(key, nanoseconds);
    into = WallTime(Duration(nanoseconds));
    return *this;
  }
  /// A length that a clock's time can be moved by, whatever it is; no process is that old.
  Reader& length(std::string_view key_ms, std::int64_t& into_ms) {
    constexpr std::int64_t kLongestMs = milliseconds(std::chrono::years(100)).count();
    (*this)(key_ms, into_ms);
    good_ = good_ && into_ms >= -kLongestMs && into_ms <= kLongestMs;
    return *this;
  }
  /// A member that may be absent or null.
  template <class Value>
  Reader& optional(std::string_view key, std::optional<Value>& into) {
    const json::value* found = object_.if_contains(key);
    if (found == nullptr || found->is_null()) return *this;
    Value value{};
    (*this)(key, value);
    into = value;
    return *this;
  }
  /// None if it is missing or not an object.
  const json::object* object(std::string_view key) {
    const json::value* found = need(key);
    if (found != nullptr && found->is_object()) return &found->get_object();
    good_ = false;
    return nullptr;
  }

  [[nodiscard]] bool good() const { return good_; }
  void fail_unless(bool well) { good_ = good_ && well; }

 private:
  const json::value* need(std::string_view key) {
    const json::value* found = object_.if_contains(key);
    if (found == nullptr) good_ = false;
    return found;
  }

  const json::object& object_;
  bool good_ = true;
};

std::int64_t nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

template <class Value>
std::optional<Value> if_good(const Reader& reader, Value value) {
  if (!reader.good()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<json::object> parse_object(std::string_view text) {
  if (text.size() > (1U << 20)) return std::nullopt;
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

json::object to_json(const Record& record) {
  const Transition& transition = record.transition;
  json::object object{{"version", record.version},
                      {"nonce", record.nonce},
                      {"epoch", record.epoch},
                      {"active", record.active},
                      {"term", record.term},
                      {"lease",
                       {{"serial", record.lease.serial},
                        {"revoked", record.lease.revoked},
                        {"endless", record.lease.endless}}},
                      {"grantors", json::array(record.grantors.begin(), record.grantors.end())},
                      {"transition",
                       {{"number", transition.number},
                        {"execution", transition.execution},
                        {"kind", to_string(transition.kind)},
                        {"target", transition.target},
                        {"phase", to_string(transition.phase)},
                        {"attested", transition.attested}}}};
  object["standby"] = record.standby ? json::value(*record.standby) : json::value(nullptr);
  return object;
}

std::optional<Record> record_from(const json::object& object) {
  Record record;
  Reader read(object);
  read("version", record.version)("nonce", record.nonce)("epoch", record.epoch)(
      "active", record.active)("term", record.term);
  read.optional("standby", record.standby);
  if (const json::object* lease = read.object("lease")) {
    Reader inner(*lease);
    inner("serial", record.lease.serial)("revoked", record.lease.revoked)("endless",
                                                                          record.lease.endless);
    read.fail_unless(inner.good());
  }
  if (const json::object* transition = read.object("transition")) {
    Reader inner(*transition);
    std::string kind;
    std::string phase;
    inner("number", record.transition.number)("execution", record.transition.execution)(
        "kind", kind)("target", record.transition.target)("phase", phase)(
        "attested", record.transition.attested);
    const auto known_kind = transition_kind_from(kind);
    const auto known_phase = phase_from(phase);
    read.fail_unless(inner.good() && known_kind && known_phase);
    record.transition.kind = known_kind.value_or(TransitionKind::failover);
    record.transition.phase = known_phase.value_or(Phase::none);
  }
  const json::value* grantors = object.if_contains("grantors");
  read.fail_unless(grantors != nullptr && grantors->is_array());
  if (!read.good()) return std::nullopt;
  for (const json::value& grantor : grantors->get_array()) {
    if (!grantor.is_string()) return std::nullopt;
    record.grantors.emplace_back(grantor.get_string());
  }
  return record;
}

json::object to_json(const Sighting& sighting) {
  return {{"path", sighting.path},
          {"ready", sighting.ready},
          {"services", sighting.services},
          {"database", sighting.database},
          {"detail", sighting.detail}};
}

std::optional<Sighting> sighting_from(const json::object& object) {
  Sighting sighting;
  Reader read(object);
  read("path", sighting.path)("ready", sighting.ready)("services", sighting.services)(
      "database", sighting.database)("detail", sighting.detail);
  return if_good(read, sighting);
}

json::object to_json(const Watched& watched) {
  json::object object{{"over", watched.over}};
  if (watched.well_after) object["well_after_ms"] = to_ms(*watched.well_after);
  return object;
}

std::optional<Watched> watched_from(const json::object& object) {
  Watched watched;
  std::optional<std::int64_t> well_after_ms;
  Reader read(object);
  read("over", watched.over).optional("well_after_ms", well_after_ms);
  if (well_after_ms) {
    read.length("well_after_ms", *well_after_ms);
    watched.well_after = milliseconds(*well_after_ms);
  }
  return if_good(read, watched);
}

json::object to_json(const DatabaseState& state) {
  json::object object{{"role", to_string(state.role)}, {"timeline", state.timeline},
                      {"written", state.written},      {"replayed", state.replayed},
                      {"streaming", state.streaming},  {"standby_written", state.standby_written},
                      {"epoch", state.epoch}};
  if (state.newest_commit) object["newest_commit_ns"] = nanoseconds(*state.newest_commit);
  if (state.disk_free_bytes) object["disk_free_bytes"] = *state.disk_free_bytes;
  return object;
}

std::optional<DatabaseState> database_state_from(const json::object& object) {
  DatabaseState state;
  Reader read(object);
  std::string role;
  read("role", role)("timeline", state.timeline)("written", state.written)(
      "replayed", state.replayed)("streaming", state.streaming)(
      "standby_written", state.standby_written)("epoch", state.epoch);
  read.optional("newest_commit_ns", state.newest_commit);
  read.optional("disk_free_bytes", state.disk_free_bytes);
  read.fail_unless(role == "primary" || role == "standby");
  state.role = role == "primary" ? DatabaseRole::primary : DatabaseRole::standby;
  return if_good(read, state);
}

json::object to_json(const FenceAck& ack) {
  json::object object{{"term", ack.term}, {"at_ns", nanoseconds(ack.at)}};
  if (ack.log_end) object["log_end"] = *ack.log_end;
  return object;
}

std::optional<FenceAck> fence_ack_from(const json::object& object) {
  FenceAck ack;
  Reader read(object);
  read("term", ack.term)("at_ns", ack.at);
  read.optional("log_end", ack.log_end);
  return if_good(read, ack);
}

/// Rounded up: what is waited for is never shorter.
json::object to_json(const RevokeAck& ack) {
  return {{"term", ack.term}, {"rest_ms", std::chrono::ceil<milliseconds>(ack.rest).count()}};
}

std::optional<RevokeAck> revoke_ack_from(const json::object& object) {
  RevokeAck ack;
  std::int64_t rest_ms = 0;
  Reader read(object);
  read("term", ack.term).length("rest_ms", rest_ms);
  if (!read.good()) return std::nullopt;
  ack.rest = milliseconds(rest_ms);
  return ack;
}

json::object to_json(const RebuildState& state) {
  json::object object{{"epoch", state.epoch},
                      {"phase", to_string(state.phase)},
                      {"percent", state.percent},
                      {"problem", state.problem}};
  if (const auto& tail = state.lost_tail) {
    object["lost_tail"] = json::object{{"file", tail->file},
                                       {"transactions", tail->transactions},
                                       {"changes", tail->changes},
                                       {"method", tail->method},
                                       {"diverged_at", tail->diverged_at}};
  }
  return object;
}

std::optional<RebuildState> rebuild_state_from(const json::object& object) {
  RebuildState state;
  std::string phase;
  Reader read(object);
  read("epoch", state.epoch)("phase", phase)("percent", state.percent)("problem", state.problem);
  constexpr RebuildPhase kPhases[] = {
      RebuildPhase::none,  RebuildPhase::lost_tail, RebuildPhase::rewind, RebuildPhase::copy,
      RebuildPhase::start, RebuildPhase::done,      RebuildPhase::failed};
  const auto* known = std::find_if(std::begin(kPhases), std::end(kPhases),
                                   [&](RebuildPhase each) { return to_string(each) == phase; });
  read.fail_unless(known != std::end(kPhases));
  if (!read.good()) return std::nullopt;
  state.phase = *known;
  if (!object.contains("lost_tail")) return state;
  const json::object* tail = read.object("lost_tail");
  if (tail == nullptr) return std::nullopt;
  LostTail kept;
  Reader inner(*tail);
  inner("file", kept.file)("transactions", kept.transactions)("changes", kept.changes)(
      "method", kept.method)("diverged_at", kept.diverged_at);
  state.lost_tail = kept;
  return if_good(inner, state);
}

json::object to_json(const AgentStatus& status) {
  json::object object{{"region", status.region},
                      {"incarnation", status.incarnation},
                      {"term", status.term},
                      {"epoch", status.epoch},
                      {"fenced_term", status.fenced_term},
                      {"revoked_term", status.revoked_term},
                      {"ordered_epoch", status.ordered_epoch},
                      {"version", status.version},
                      {"writable", status.writable},
                      {"endless", status.endless},
                      {"lease_rest_ms", status.lease_rest_ms},
                      {"promise_rest_ms", status.promise_rest_ms},
                      {"other_silent_ms", status.other_silent_ms},
                      {"writes_missed_ms", status.writes_missed_ms},
                      {"unguarded_lag_ms", status.unguarded_lag_ms},
                      {"draining", status.draining},
                      {"rebuild", to_json(status.rebuild)},
                      {"note", status.note}};
  if (status.database) object["database"] = to_json(*status.database);
  json::object running;
  for (const auto& [service, count] : status.running) running[service] = count;
  object["running"] = std::move(running);
  return object;
}

std::optional<AgentStatus> agent_status_from(const json::object& object) {
  AgentStatus status;
  Reader read(object);
  read("region", status.region)("incarnation", status.incarnation)("term", status.term)(
      "epoch", status.epoch)("fenced_term", status.fenced_term)(
      "revoked_term", status.revoked_term)("ordered_epoch", status.ordered_epoch)(
      "version", status.version)("writable", status.writable)("endless", status.endless)(
      "draining", status.draining)("note", status.note);
  read.length("lease_rest_ms", status.lease_rest_ms)
      .length("promise_rest_ms", status.promise_rest_ms)
      .length("other_silent_ms", status.other_silent_ms)
      .length("writes_missed_ms", status.writes_missed_ms)
      .length("unguarded_lag_ms", status.unguarded_lag_ms);
  if (const json::object* rebuild = read.object("rebuild")) {
    const auto state = rebuild_state_from(*rebuild);
    read.fail_unless(state.has_value());
    status.rebuild = state.value_or(RebuildState{});
  }
  if (const json::value* database = object.if_contains("database")) {
    read.fail_unless(database->is_object());
    if (database->is_object()) status.database = database_state_from(database->get_object());
    read.fail_unless(status.database.has_value());
  }
  if (const json::object* running = read.object("running")) {
    Reader counts(*running);
    for (const auto& member : *running) counts(member.key(), status.running[member.key()]);
    read.fail_unless(counts.good());
  }
  return if_good(read, status);
}

json::object to_json(const PromoteOrder& order) {
  return {
      {"transition", order.transition}, {"epoch", order.epoch}, {"fenced_term", order.fenced_term}};
}

std::optional<PromoteOrder> promote_order_from(const json::object& object) {
  PromoteOrder order;
  Reader read(object);
  read("transition", order.transition)("epoch", order.epoch)("fenced_term", order.fenced_term);
  return if_good(read, order);
}

json::object to_json(const RebuildOrder& order) {
  return {{"epoch", order.epoch}, {"copy", order.copy}};
}

std::optional<RebuildOrder> rebuild_order_from(const json::object& object) {
  RebuildOrder order;
  Reader read(object);
  read("epoch", order.epoch)("copy", order.copy);
  return if_good(read, order);
}

json::object to_json(const ScaleOrder& order) {
  return {{"epoch", order.epoch}, {"service", order.service}, {"count", order.count}};
}

std::optional<ScaleOrder> scale_order_from(const json::object& object) {
  ScaleOrder order;
  Reader read(object);
  read("epoch", order.epoch)("service", order.service)("count", order.count);
  return if_good(read, order);
}

json::object to_json(const Error& error) {
  return {{"after", to_string(error.after)}, {"what", error.what}};
}

Error error_from(const json::object& object) {
  Error error;  // what cannot be read is unknown
  std::string after;
  Reader read(object);
  read("after", after)("what", error.what);
  if (!read.good()) return {After::unknown, "the answer could not be understood"};
  for (const After candidate : {After::unchanged_final, After::unchanged_retry}) {
    if (after == to_string(candidate)) error.after = candidate;
  }
  return error;
}

}  // namespace understudy::wire
