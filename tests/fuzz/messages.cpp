#include <algorithm>
#include <boost/json/serialize.hpp>

#include "ports/wire.h"
#include "recovery/record_changes.h"
#include "targets.h"

namespace understudy::fuzz {

namespace json = boost::json;

namespace {

/// Whether `read` is what was said: the same, but for a number written another way (1, 1.0).
bool same(const json::value& read, const json::value& said) {
  if (read.is_object() && said.is_object()) {
    const auto& all = read.get_object();
    return std::all_of(all.begin(), all.end(), [&](const auto& member) {
      const auto* found = said.get_object().if_contains(member.key());
      return found != nullptr ? same(member.value(), *found) : member.value().is_null();
    });
  }
  if (read.is_array() && said.is_array()) {
    const auto& one = read.get_array();
    const auto& other = said.get_array();
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), same);
  }
  return read == said ||
         (said.is_double() && read.is_number() && read.to_number<double>() == said.get_double());
}

template <class Value>
void goes_there_and_back(const std::string& name, const json::object& said,
                         std::optional<Value> (*from)(const json::object&)) {
  const auto value = from(said);
  if (!value) return;
  const auto written = wire::to_json(*value);
  must(same(written, said), name + ": what is read is what was said: " + json::serialize(written));
  const auto text = json::serialize(written);
  const auto parsed = wire::parse_object(text);
  must(parsed.has_value(), name + ": what is written parses");
  const auto again = from(*parsed);
  must(again.has_value(), name + ": what is written is read");
  must(json::serialize(wire::to_json(*again)) == text, name + ": and is the same");
}

/// The registry asks this of every change that anybody sends.
void judge_changes(const json::object& said) {
  const auto record = wire::record_from(said);
  if (!record) return;
  const auto wrong = malformed(*record);
  must(!wrong || !wrong->empty(), "what is wrong with a record is said");
  must(broken_rule(*record, *record).has_value(), "no change is a change that no rule allows");
  // "next" makes a pair of records of one message.
  const auto* next = said.if_contains("next");
  if (next == nullptr || !next->is_object()) return;
  const auto after = wire::record_from(next->get_object());
  if (!after) return;
  if (broken_rule(*record, *after)) return;
  must(after->version == record->version + 1, "an allowed change counts the version up by one");
  must(after->epoch >= record->epoch && after->term >= record->term, "epoch and term never sink");
  must(after->transition.number >= record->transition.number, "a transition's number never sinks");
  must(wrong || !malformed(*after), "an allowed change leaves a well formed record");
}

}  // namespace

void messages(std::string_view bytes) {
  const auto said = wire::parse_object(bytes);
  if (!said) return;
  goes_there_and_back("record", *said, wire::record_from);
  goes_there_and_back("sighting", *said, wire::sighting_from);
  goes_there_and_back("watched", *said, wire::watched_from);
  goes_there_and_back("database state", *said, wire::database_state_from);
  goes_there_and_back("fence ack", *said, wire::fence_ack_from);
  goes_there_and_back("revoke ack", *said, wire::revoke_ack_from);
  goes_there_and_back("agent status", *said, wire::agent_status_from);
  goes_there_and_back("promote order", *said, wire::promote_order_from);
  goes_there_and_back("scale order", *said, wire::scale_order_from);
  goes_there_and_back("rebuild order", *said, wire::rebuild_order_from);
  goes_there_and_back("rebuild state", *said, wire::rebuild_state_from);
  const Error error = wire::error_from(*said);
  must(wire::error_from(wire::to_json(error)).after == error.after, "an error keeps its `after`");
  judge_changes(*said);
}

}  // namespace understudy::fuzz
