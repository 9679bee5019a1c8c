#include "controller/operator_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// What a person may write.
constexpr std::size_t kTextMax = 200;
constexpr Duration kLongest = std::chrono::hours(24 * 365);

Error refused(std::string what) { return {After::unchanged_final, std::move(what)}; }

/// What is too long ends before the character that does not fit: half of one is no text, and what
/// is no text cannot be read back from the journal.
std::string shortened(std::string text) {
  if (text.size() <= kTextMax) return text;
  auto end = kTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

/// One line that fits into an alert: a person wrote it.
std::string text_at(const ControlCall& call, std::string_view key) {
  const auto* found = call.body.if_contains(key);
  if (found == nullptr || !found->is_string()) return {};
  std::string text = shortened(std::string(found->get_string()));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

bool flag_at(const ControlCall& call, std::string_view key) {
  const auto* found = call.body.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

Result<std::string> who_of(const ControlCall& call) {
  std::string who = text_at(call, "who");
  if (who.empty()) return refused("who orders it? \"who\" is missing");
  return who;
}

Result<Order> order_of(const ControlCall& call, Clock& clock) {
  auto who = who_of(call);
  if (!who) return who.error();
  const WallTime now = clock.wall();
  Order order{.who = *who, .reason = text_at(call, "reason"), .at = now};
  const auto* length = call.body.if_contains("for_ms");
  if (length == nullptr) return order;
  const auto* given = length->if_int64();
  if (given == nullptr || *given <= 0 || *given > to_ms(kLongest))
    return refused("\"for_ms\": expected milliseconds, more than 0 and at most a year");
  order.until = now + milliseconds(*given);
  return order;
}

std::uint64_t epoch_of(const OperatorPlaces& places) {
  const auto record = places.sentry.view().record;
  return record ? record->epoch : 0;
}

http::Response answered(const OperatorPlaces& places, const Result<Done>& done) {
  return control_result(done, [&](const Done&) {
    return json::object{{"automation", places.controls.view(epoch_of(places))}};
  });
}

/// The question that is meant: an execution's, or the only one.
Result<ExecutionRunner::Question> question_of(const OperatorPlaces& places,
                                              const ControlCall& call) {
  const auto open = places.runner.questions();
  const std::string execution = text_at(call, "execution");
  if (open.empty()) return refused("nothing is asked");
  if (execution.empty() && open.size() > 1) return refused("which execution?");
  const auto asked = std::find_if(open.begin(), open.end(), [&](const auto& question) {
    return execution.empty() || question.execution == execution;
  });
  if (asked == open.end()) return refused(execution + " asks nothing");
  return *asked;
}

/// "Yes, fail over" is no "yes, lose that": an execution may ask both, one after the other.
http::Response answer(const OperatorPlaces& places, const ControlCall& call, bool approved) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  const auto asked = question_of(places, call);
  if (!asked) return control_error(asked.error());
  if (approved && asked->state == kAskOperator && !flag_at(call, "accept_loss")) {
    return control_error(refused(asked->execution +
                                 " asks whether what the standby lacks may be lost: understudy "
                                 "approve --accept-loss, or decline"));
  }
  const auto done = places.runner.answer(*asked, approved, *who);
  if (done) places.controls.note_answer(*asked, approved);
  return control_result(done, [&](const Done&) {
    return json::object{{"execution", asked->execution}, {"approved", approved}};
  });
}

http::Response automation(const OperatorPlaces& places, const ControlCall& call) {
  const std::string set = text_at(call, "set");
  for (const auto each : {Automation::on, Automation::ask, Automation::off}) {
    if (to_string(each) != set) continue;
    const auto order = order_of(call, places.world.clock);
    if (!order) return control_error(order.error());
    return answered(places, places.controls.set_automation(each, *order));
  }
  return control_error(refused("\"set\": expected on, ask or off"));
}

http::Response maintenance(const OperatorPlaces& places, const ControlCall& call) {
  const auto order = order_of(call, places.world.clock);
  if (!order) return control_error(order.error());
  const auto* on = call.body.if_contains("on");
  if (on == nullptr || !on->is_bool())
    return control_error(refused("\"on\": expected true or false"));
  if (!on->get_bool()) return answered(places, places.controls.end_maintenance(order->who));
  if (!order->until || order->reason.empty())
    return control_error(refused("maintenance mode needs \"for_ms\" and \"reason\""));
  return answered(places, places.controls.begin_maintenance(*order));
}

http::Response acknowledge(const OperatorPlaces& places, const ControlCall& call) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  return answered(places, places.controls.acknowledge(*who, epoch_of(places)));
}

http::Response detach(const OperatorPlaces& places, const ControlCall& call) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  return control_result(places.standby_watch.detach(*who),
                        [](const Record& record) { return wire::to_json(record); });
}

http::Response started(const Result<std::string>& execution) {
  return control_result(execution, [](const std::string& name) {
    return json::object{{"execution", name}};
  });
}

using Begin = Result<std::string> (TransitionDesk::*)(const TransitionWish&);

http::Response begin(const OperatorPlaces& places, const ControlCall& call, Begin transition) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  return started((places.desk.*transition)(
      {.who = *who, .reason = text_at(call, "reason"), .ungraceful = flag_at(call, "ungraceful")}));
}

http::Response rejoin(const OperatorPlaces& places, const ControlCall& call) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  return started(places.rejoin_watch.begin(
      {.who = *who, .reason = text_at(call, "reason"), .copy = flag_at(call, "copy")}));
}

constexpr std::pair<std::string_view, Control> kControls[] = {{"pause", Control::pause},
                                                              {"resume", Control::resume},
                                                              {"retry", Control::retry},
                                                              {"cancel", Control::cancel},
                                                              {"skip", Control::skip},
                                                              {"graceful", Control::graceful},
                                                              {"ungraceful", Control::ungraceful}};

http::Response control(const OperatorPlaces& places, const ControlCall& call) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  const std::string what = text_at(call, "what");
  std::string execution = text_at(call, "execution");
  const auto running = places.runner.running_now();
  if (execution.empty() && running.size() == 1) execution = running.front().name;
  if (execution.empty())
    return control_error(refused(running.empty() ? "nothing is executed" : "which execution?"));
  for (const auto& [name, order] : kControls) {
    if (name != what) continue;
    const auto done = places.runner.order(execution, {.what = order,
                                                      .who = *who,
                                                      .comment = text_at(call, "comment"),
                                                      .state = text_at(call, "state")});
    return control_result(done, [&](const Done&) {
      return json::object{{"execution", execution}, {"what", what}};
    });
  }
  return control_error(
      refused("\"what\": expected pause, resume, retry, cancel, skip, graceful or ungraceful"));
}

http::Response test_alert(const OperatorPlaces& places, const ControlCall& call) {
  auto who = who_of(call);
  if (!who) return control_error(who.error());
  const std::string to = text_at(call, "to");
  const auto tested = places.alerts.test(to, *who);
  if (tested.empty()) {
    return control_error(refused(to.empty() ? "understudy.yaml names no target of alerts"
                                            : "no target of alerts is named \"" + to + "\""));
  }
  json::array targets;
  for (const auto& [name, kind, problem] : tested)
    targets.push_back(json::object{{"name", name}, {"kind", kind}, {"problem", problem}});
  return control_answer({{"targets", std::move(targets)}});
}

}  // namespace

std::vector<ControlRoute> operator_routes(OperatorPlaces places) {
  const auto route = [&](std::string path, auto handler) {
    return ControlRoute{
        "POST", std::move(path), {"cli"}, [places, handler](const ControlCall& call) {
          return handler(places, call);
        }};
  };
  const auto answering = [](bool approved) {
    return [approved](const OperatorPlaces& in, const ControlCall& call) {
      return answer(in, call, approved);
    };
  };
  const auto beginning = [](Begin transition) {
    return [transition](const OperatorPlaces& in, const ControlCall& call) {
      return begin(in, call, transition);
    };
  };
  return {route("/v1/approve", answering(true)),
          route("/v1/decline", answering(false)),
          route("/v1/automation", automation),
          route("/v1/maintenance", maintenance),
          route("/v1/acknowledge", acknowledge),
          route("/v1/detach", detach),
          route("/v1/switchover", beginning(&TransitionDesk::switchover)),
          route("/v1/failback", beginning(&TransitionDesk::plan_failback)),
          route("/v1/failover", beginning(&TransitionDesk::force_failover)),
          route("/v1/rejoin", rejoin),
          route("/v1/control", control),
          route("/v1/test-alert", test_alert)};
}

}  // namespace understudy
