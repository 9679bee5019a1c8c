#pragma once
// The ports that are the same for every process: chance, events, alerts.

#include <boost/json/serialize.hpp>

#include "ports/alerts.h"
#include "ports/events.h"
#include "ports/random.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class SimulatedRandom final : public Random {
 public:
  explicit SimulatedRandom(Dice& dice) : dice_(dice) {}
  std::uint64_t next() override { return dice_.next(); }

 private:
  Dice& dice_;
};

class SimulatedEvents final : public Events {
 public:
  SimulatedEvents(Stage& stage, std::string who) : stage_(stage), who_(std::move(who)) {}
  void emit(std::string_view name, boost::json::object fields) override;

 private:
  Stage& stage_;
  const std::string who_;
};

/// An alert that asks something of a person is how a history may end without a writer.
class SimulatedAlerts final : public Alerts {
 public:
  explicit SimulatedAlerts(Stage& stage) : stage_(stage) {}
  void raise(const Alert& alert) override {
    if (!alert.ask.empty()) stage_.observers.person_asked();
    note_refusal(alert);
    stage_.chronicle.tell("alert: {}; {}; {}", alert.subject, alert.done, alert.ask);
  }

 private:
  void note_refusal(const Alert& alert);
  Stage& stage_;
};

}  // namespace understudy::simulation
