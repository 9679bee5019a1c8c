#include "control_room.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

namespace understudy::fake {

std::string workflow(const std::string& name) {
  std::ifstream file(UNDERSTUDY_SOURCE_DIR "/workflows/" + name + ".asl.json");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string failover_document() { return workflow("failover"); }

boost::json::object failover_object() {
  return boost::json::parse(failover_document()).as_object();
}

ControlRoom::ControlRoom(Topology topology) : world(std::move(topology)), journal(world.stage) {
  controllers_.emplace_back(*this);
}

ControlRoom::~ControlRoom() { stop(); }

void ControlRoom::note_record() {
  controllers_.back().orchestrator.observer.note(world.record.record, world.stage.boot());
}

void ControlRoom::stop() {
  for (Controller& controller : controllers_) controller.stop();
  world.finish();
}

void ControlRoom::settle() {
  world.start_agents();
  world.stage.run_for(std::chrono::seconds(3));
  ASSERT_TRUE(world.writable(world.north));
  ASSERT_EQ(world.north.compute.now["cron"], 1U);
}

ExecutionRunner& ControlRoom::new_controller() {
  controllers_.back().stop();
  controllers_.emplace_back(*this);
  return runner();
}

Sentry& ControlRoom::start_sentry(const std::string& document) {
  Controller& controller = controllers_.back();
  EXPECT_TRUE(controller.controls.load());
  controller.sentry.emplace(controller.orchestrator.orchestration, controller.runner,
                            controller.controls, document);
  controller.sentry->start();
  return *controller.sentry;
}

StandbyWatch& ControlRoom::start_standby_watch() {
  Controller& controller = controllers_.back();
  controller.standby_watch.emplace(controller.orchestrator.orchestration);
  controller.standby_watch->start();
  return *controller.standby_watch;
}

RejoinWatch& ControlRoom::start_rejoin_watch() {
  Controller& controller = controllers_.back();
  controller.rejoin_watch.emplace(controller.orchestrator.orchestration, controller.runner,
                                  workflow("rejoin"));
  controller.rejoin_watch->start();
  return *controller.rejoin_watch;
}

Result<Done> ControlRoom::start(const std::string& document, std::uint64_t number) {
  return runner().start("failover-shop-" + std::to_string(number), document,
                        {{"kind", "failover"},
                         {"platform", "shop"},
                         {"number", number},
                         {"from", "north"},
                         {"target", "south"}});
}

std::string ControlRoom::outcome(const std::string& execution, Duration limit) {
  (void)world.stage.run_until([&] { return journal.status_of(execution) != "RUNNING"; }, limit);
  return journal.status_of(execution);
}

std::vector<std::string> ControlRoom::states() const {
  std::vector<std::pair<BootTime, std::string>> entered;
  for (const auto& event : world.events.all) {
    if (event.name == "state.entered")
      entered.emplace_back(event.at, std::string(event.fields.at("state").as_string()));
  }
  std::sort(entered.begin(), entered.end());
  std::vector<std::string> names;
  for (auto& [at, name] : entered) names.push_back(std::move(name));
  return names;
}

unsigned ControlRoom::entered(const std::string& state) const {
  const auto all = states();
  return static_cast<unsigned>(std::count(all.begin(), all.end(), state));
}

bool ControlRoom::journalled(const std::string& text, const std::string& execution) {
  const auto& log = journal.logs[execution];
  return std::any_of(log.begin(), log.end(), [&](const std::string& event) {
    return event.find(text) != std::string::npos;
  });
}

void ControlRoom::expect_failed_over_once() {
  const Record& record = world.record.record;
  EXPECT_EQ(record.active, "south");
  EXPECT_EQ(record.epoch, 2U);
  EXPECT_EQ(record.term, 2U);
  EXPECT_EQ(record.transition.phase, Phase::none);
  EXPECT_EQ(record.transition.number, 1U);
  EXPECT_EQ(world.south.database.promotions, 1U);
  EXPECT_EQ(world.south.database.now.timeline, 2U);
  EXPECT_EQ(world.south.database.now.epoch, 2U);
  EXPECT_TRUE(world.writable(world.south));
  EXPECT_FALSE(world.writable(world.north));
  const std::map<std::string, unsigned> all{{"web", 2}, {"worker", 1}, {"cron", 1}};
  EXPECT_EQ(world.south.compute.now, all);
  // One compare-and-swap for each phase, however often it was tried.
  std::map<Phase, unsigned> steps;
  Phase before = Phase::none;
  for (const Record& change : world.record.changes) {
    if (change.transition.phase != before) ++steps[change.transition.phase];
    before = change.transition.phase;
  }
  const std::map<Phase, unsigned> once{{Phase::none, 1},
                                       {Phase::open, 1},
                                       {Phase::revoked, 1},
                                       {Phase::promoting, 1},
                                       {Phase::switched, 1}};
  EXPECT_EQ(steps, once);
}

void ControlRoom::expect_nothing_changed() {
  const Record& record = world.record.record;
  EXPECT_EQ(record.active, "north");
  EXPECT_EQ(record.epoch, 1U);
  EXPECT_EQ(record.transition.phase, Phase::none);
  EXPECT_FALSE(record.lease.revoked);
  EXPECT_EQ(world.south.database.promotions, 0U);
}

}  // namespace understudy::fake
