#pragma once
// A controller in the fake world: real agents, real steps, the real document; and its crashes.

#include <gmock/gmock.h>

#include <list>
#include <string>

#include "controller/execution_runner.h"
#include "controller/operator_controls.h"
#include "controller/rejoin_watch.h"
#include "controller/sentry.h"
#include "controller/standby_watch.h"
#include "controller/transition_desk.h"
#include "tests/controller/fake_journal.h"
#include "tests/recovery/world.h"

namespace understudy::fake {

/// The text of workflows/<name>.asl.json.
[[nodiscard]] std::string workflow(const std::string& name);
/// That of failover, and the same as a value to be changed.
[[nodiscard]] std::string failover_document();
[[nodiscard]] boost::json::object failover_object();

class ControlRoom {
 public:
  explicit ControlRoom(Topology topology = two_regions());
  ~ControlRoom();

  /// Ends everything. Called before anything goes that its tasks use.
  void stop();

  /// Agents at work for three seconds: leases renewed, beats replicated, services up.
  void settle();
  /// A controller process of its own: nothing is remembered but the journal. Earlier ones are
  /// stopped, yet the steps they have begun go on, as what they sent goes on in the world.
  ExecutionRunner& new_controller();
  [[nodiscard]] ExecutionRunner& runner() { return controllers_.back().runner; }
  [[nodiscard]] OperatorControls& controls() { return controllers_.back().controls; }
  [[nodiscard]] Orchestration& orchestration() {
    return controllers_.back().orchestrator.orchestration;
  }
  /// Of the newest controller.
  [[nodiscard]] Sentry& start_sentry(const std::string& document = failover_document());

  [[nodiscard]] StandbyWatch& start_standby_watch();
  [[nodiscard]] RejoinWatch& start_rejoin_watch();
  [[nodiscard]] TransitionDesk& desk() { return controllers_.back().desk; }

  /// The newest controller sees the record now, as its sentry would.
  void note_record();

  [[nodiscard]] Result<Done> start(const std::string& document = failover_document(),
                                   std::uint64_t number = 1);
  /// Lets time pass until the journal says that the execution ended: its status.
  std::string outcome(const std::string& execution = "failover-shop-1",
                      Duration limit = std::chrono::minutes(3));

  /// The states entered, in order; those of the same instant sorted by name.
  [[nodiscard]] std::vector<std::string> states() const;
  [[nodiscard]] unsigned entered(const std::string& state) const;
  /// Whether the journal of the execution has an event with that text in it.
  [[nodiscard]] bool journalled(const std::string& text,
                                const std::string& execution = "failover-shop-1");

  /// What a failover leaves when all went well, whatever happened on the way.
  void expect_failed_over_once();
  /// North is active and may write, nothing was promoted, nothing is open.
  void expect_nothing_changed();

  World world;
  FakeJournal journal;

 private:
  struct Controller {
    explicit Controller(ControlRoom& room)
        : orchestrator(room.world),
          runner(orchestrator.orchestration, room.journal),
          controls(orchestrator.orchestration, room.journal),
          desk(orchestrator.orchestration, runner, failover_document(), workflow("switchover")) {}
    Orchestrator orchestrator;
    ExecutionRunner runner;
    OperatorControls controls;
    TransitionDesk desk;
    std::optional<Sentry> sentry;
    std::optional<StandbyWatch> standby_watch;
    std::optional<RejoinWatch> rejoin_watch;
    void stop() {
      runner.stop();
      if (sentry) sentry->stop();
      if (standby_watch) standby_watch->stop();
      if (rejoin_watch) rejoin_watch->stop();
    }
  };
  std::list<Controller> controllers_;
};

}  // namespace understudy::fake
