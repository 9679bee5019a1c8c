#include "record/build.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <functional>

#include "record/canonical.h"
#include "record/history_view.h"
#include "record/metrics.h"
#include "record/proof.h"
#include "record/redaction.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

/// That the execution ended is told a moment after it is written down. A controller that died over
/// it never tells.
constexpr Duration kToldLate = std::chrono::seconds(5);

std::string text_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

WallTime time_of(const json::object& event) {
  const auto* at = event.if_contains("at_ns");
  return WallTime(Duration(at != nullptr && at->is_int64() ? at->get_int64() : 0));
}

/// "failover-shop-1" is not named by "failover-shop-12", nor by "failover-shop-1-again-1".
bool names(const std::string& text, const std::string& execution) {
  for (auto at = text.find(execution); at != std::string::npos; at = text.find(execution, at + 1)) {
    const auto goes_on = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    };
    const std::size_t end = at + execution.size();
    if ((at == 0 || !goes_on(text[at - 1])) && (end == text.size() || !goes_on(text[end])))
      return true;
  }
  return false;
}

bool names(const json::object& event, const std::string& execution) {
  return std::ranges::any_of(event, [&](const auto& member) {
    const auto* text = member.value().if_string();
    return text != nullptr && names(std::string(*text), execution);
  });
}

/// Which wide events concern this execution, and as what.
class Choice {
 public:
  explicit Choice(const Material& material)
      : material_(material), region_(text_at(input_of(material.history), "from")) {}

  /// The kind of entry that it becomes; "": none. To be asked in order.
  std::string_view of(const json::object& event) {
    const std::string what = text_at(event, "event");
    const WallTime at = time_of(event);
    if (over_ || at > material_.ended() + kToldLate) return {};
    const bool named = names(event, material_.info.name);
    over_ = named && what == "execution.ended";
    if (named && is_of_its_question(what)) return kOrder;
    const bool meanwhile = at > material_.orders_since && at <= material_.ended();
    if (meanwhile && is_standing_order(event, what)) return kOrder;
    if (named) return kEvent;
    const bool evidence = what == "health.decided" && text_at(event, "region") == region_ &&
                          at >= material_.started - kEvidenceBefore && at <= material_.ended();
    return evidence ? kEvent : std::string_view();
  }

 private:
  static bool is_of_its_question(const std::string& what) {
    return what == "operator.approved" || what == "operator.declined";
  }
  /// In force, or ended, while this execution was decided on.
  static bool is_standing_order(const json::object& event, const std::string& what) {
    static constexpr std::array<std::string_view, 5> kOrders = {
        "automation.set", "automation.expired", "maintenance.began", "maintenance.ended",
        "failover.acknowledged"};
    if (what == "standby.detached") return text_at(event, "by") != "controller";
    return std::ranges::find(kOrders, what) != kOrders.end();
  }

  const Material& material_;
  const std::string region_;
  bool over_ = false;
};

/// What stands for tokens and secrets. Tokens that nobody can tell must not occur either, so that a
/// history that does not fit its document is told without what could be one.
class Redactor {
 public:
  explicit Redactor(const Material& material) {
    const auto tokens = tokens_given(material.info, material.document, material.history);
    known_ = tokens.has_value();
    for (const std::string& token : tokens.value_or(std::vector<std::string>())) {
      stand_ins.push_back(stand_in_for_token(token));
      replacements_.emplace_back(token, stand_ins.back());
    }
    for (const std::string& secret : material.secrets)
      replacements_.emplace_back(secret, "redacted");
    // Of a secret that begins another one the other's rest would be left.
    std::ranges::stable_sort(replacements_, std::ranges::greater(),
                             [](const Replacement& one) { return one.first.size(); });
  }

  [[nodiscard]] json::object of(const json::object& told) const {
    return replaced(json::value(told), replacements_).get_object();
  }
  [[nodiscard]] json::object of(const states::HistoryEvent& event) const {
    json::object told = states::to_json(event);
    if (!known_ && event.type == states::EventType::task_scheduled)
      told["taskScheduledEventDetails"] = json::object{{"redacted", true}};
    return of(told);
  }

  std::vector<std::string> stand_ins;

 private:
  bool known_ = false;
  std::vector<Replacement> replacements_;
};

json::object start_of(const Material& material, const Redactor& redactor) {
  const json::object input = input_of(material.history);
  json::object transition;
  for (const char* name : {"kind", "number", "from", "target"}) {
    if (const auto* found = input.if_contains(name)) transition[name] = *found;
  }
  return {{"format", kFormat},
          {"number", material.place.number},
          {"platform", material.platform},
          {"execution", material.info.name},
          {"previous_execution", material.place.previous_execution},
          {"started", format_wall(material.started)},
          {"transition", std::move(transition)},
          {"document", material.document},
          {"document_sha256", sha256(material.document)},
          {"settings", without_secrets(material.settings)},
          {"program", {{"version", material.program}, {"sha256", material.program_sha256}}},
          {"engine",
           {{"arn", material.info.arn},
            {"role_arn", material.info.role_arn},
            {"machine_arn", material.info.machine_arn},
            {"machine_name", material.info.machine_name},
            {"region", material.info.region},
            {"tokens", json::array(redactor.stand_ins.begin(), redactor.stand_ins.end())}}}};
}

/// Journal and wide events as one story, each in its own order, whatever the clock did: it only
/// says which of the two goes on.
void append_story(Chain& chain, const Material& material, const Redactor& redactor) {
  Choice choice(material);
  auto event = material.events.begin();
  const auto append_events_until = [&](std::optional<WallTime> until) {
    for (; event != material.events.end() && (!until || time_of(*event) < *until); ++event) {
      const auto kind = choice.of(*event);
      if (!kind.empty()) chain.append(kind, redactor.of(*event));
    }
  };
  for (const states::HistoryEvent& happened : material.history) {
    append_events_until(happened.timestamp);
    chain.append(kHistory, redactor.of(happened));
  }
  append_events_until({});
}

}  // namespace

WallTime Material::ended() const { return history.empty() ? started : history.back().timestamp; }

WallTime Material::events_since() const {
  return std::min(orders_since, started - kEvidenceBefore);
}

Chain build(const Material& material) {
  const Redactor redactor(material);
  Chain chain(material.place.previous);
  chain.append(kStart, redactor.of(start_of(material, redactor)));
  append_story(chain, material, redactor);
  chain.append(kMetrics, redactor.of(metrics_of(material.history)));
  chain.append(kEnd, {{"entries", chain.entries() + 1},
                      {"status", material.status},
                      {"ended", format_wall(material.ended())}});
  return chain;
}

}  // namespace understudy::record
