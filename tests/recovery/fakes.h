#pragma once
// Every port, in memory and in virtual time, with switches for what can go wrong. Above all: the
// act happens and the answer is lost.
//
// Used by one task of a Stage at a time, so nothing here locks. Calls of far sides take a virtual
// millisecond, so that nothing can spin unseen.

#include <boost/json/object.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ports/agent_store.h"
#include "ports/alerts.h"
#include "ports/compute.h"
#include "ports/database.h"
#include "ports/database_rebuild.h"
#include "ports/events.h"
#include "ports/grantor.h"
#include "ports/ingress.h"
#include "ports/page.h"
#include "ports/random.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "ports/traffic_gate.h"
#include "ports/vantage.h"
#include "stage.h"

namespace understudy::fake {

/// What befalls a call.
enum class Fault : std::uint8_t {
  none,
  unreachable,   ///< never accepted, known at once
  refused,       ///< the far side says no
  request_lost,  ///< nothing happened, and the caller cannot know
  answer_lost,   ///< it happened, and the caller cannot know
};

/// The faults of one operation: first those in `next`, then `always`.
struct Trouble {
  std::deque<Fault> next;
  Fault always = Fault::none;
  unsigned calls = 0;

  Fault take();
};

/// What a call takes, each way.
inline constexpr Duration kCall = milliseconds(1);

/// The error a caller gets for a fault; none for Fault::none. `answer_lost` is the caller's, after
/// the act.
[[nodiscard]] std::optional<Error> before_act(Fault fault, const std::string& what);
[[nodiscard]] std::optional<Error> after_act(Fault fault, const std::string& what);

class FakeRandom final : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed = 1) : state_(seed) {}
  std::uint64_t next() override { return state_ += 0x9e3779b97f4a7c15ULL; }

 private:
  std::uint64_t state_;
};

class FakeEvents final : public Events {
 public:
  explicit FakeEvents(const Clock& clock) : clock_(clock) {}
  struct Event {
    std::string name;
    boost::json::object fields;
    BootTime at;
  };
  void emit(std::string_view name, boost::json::object fields) override {
    all.push_back({std::string(name), std::move(fields), clock_.boot()});
    if (on_emit) on_emit(all.back());
  }
  [[nodiscard]] unsigned count(std::string_view name) const;
  /// The last event of that name. Requires: there is one.
  [[nodiscard]] const Event& last(std::string_view name) const;
  /// Names in order, only of these.
  [[nodiscard]] std::vector<std::string> order_of(const std::vector<std::string>& names) const;

  std::vector<Event> all;
  std::function<void(const Event&)> on_emit;

 private:
  const Clock& clock_;
};

class FakeAlerts final : public Alerts {
 public:
  void raise(const Alert& alert) override { all.push_back(alert); }
  [[nodiscard]] unsigned count(std::string_view key) const;
  std::vector<Alert> all;
};

/// The record itself: what all callers share. Checks every change as the registry does.
class SharedRecord {
 public:
  SharedRecord(Stage& stage, Record first) : stage_(stage), record(std::move(first)) {}

  [[nodiscard]] Replaced replace(const Record& next);
  /// Puts a record there by force, as an operator's tool or a restored backup would.
  void force(Record to);
  void wait_for_change(BootTime deadline);

 private:
  Stage& stage_;
  std::vector<Signal*> waiting_;

 public:
  Record record;
  std::vector<Record> changes;  ///< as applied, oldest first
};

/// One caller's way to the record.
class FakeRegistry final : public Registry {
 public:
  FakeRegistry(Stage& stage, SharedRecord& shared) : stage_(stage), shared_(shared) {}

  Result<Record> read(BootTime deadline) override;
  Replaced replace(const Record& next, BootTime deadline) override;
  Result<Record> await_change(std::uint64_t version, BootTime deadline) override;

  /// No call gets through, in either direction.
  void cut(bool is_cut);

  Trouble reads;
  Trouble replaces;
  Trouble waits;
  /// Runs once, when the next replace() is on its way: something slips in before it.
  std::function<void()> before_next_replace;

 private:
  Stage& stage_;
  SharedRecord& shared_;
};

class FakePage final : public Page {
 public:
  void open(const Promise& promise) override {
    if (before_open) before_open(promise);
    promise_ = promise;
    ++opened;
  }
  void close() override {
    promise_.reset();
    ++closed;
  }
  [[nodiscard]] std::optional<Promise> read() const override { return promise_; }

  [[nodiscard]] bool writable_at(BootTime now) const {
    return promise_ && (promise_->endless || promise_->deadline > now);
  }

  std::function<void(const Promise&)> before_open;
  unsigned opened = 0;
  unsigned closed = 0;

 private:
  std::optional<Promise> promise_;
};

class FakeStore final : public AgentStore {
 public:
  Result<std::optional<AgentState>> load() override { return stored; }
  Result<Done> raise(const AgentState& state) override;

  std::optional<AgentState> stored;
  Trouble raises;
  unsigned raised = 0;
};

class FakeDatabase final : public Database {
 public:
  FakeDatabase(Stage& stage, FakePage& page) : stage_(stage), page_(page) {}

  Result<DatabaseState> state(BootTime deadline) override;
  Result<DatabaseState> promote(BootTime deadline) override;
  Result<Done> publish_epoch(std::uint64_t epoch, const std::string& region, std::uint64_t term,
                             BootTime deadline) override;
  Result<Done> beat(BootTime deadline) override;
  Result<Done> admit_application(bool admitted, BootTime deadline) override;
  Result<Done> hold_commits(bool held, BootTime deadline) override;
  Result<Done> keep_changes_since(WalPosition standby_has, BootTime deadline) override;

  DatabaseState now;
  bool alive = true;
  bool refuses_writes = false;      ///< looks go on
  FakeDatabase* standby = nullptr;  ///< receives what is committed here, while it streams
  bool standby_receives = true;     ///< else it streams, and lags
  Trouble states;
  Trouble promotes;
  Trouble publishes;
  Trouble hold_orders;
  unsigned promotions = 0;  ///< that changed something
  unsigned beats = 0;
  std::vector<std::uint64_t> epochs;  ///< published, in order
  std::vector<bool> admissions;
  std::vector<bool> holds;  ///< as ordered
  std::vector<WalPosition> changes_kept_since;
  std::function<void()> before_promotion;

 private:
  [[nodiscard]] std::optional<Error> dead(BootTime deadline);
  void commit();

  Stage& stage_;
  FakePage& page_;
};

/// The way back of one region's database: each step does what it should unless it is in trouble.
class FakeRebuild final : public DatabaseRebuild {
 public:
  FakeRebuild(Stage& stage, FakeDatabase& database) : stage_(stage), database_(database) {}

  Result<LostTail> keep_lost_tail(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> rewind(BootTime deadline) override;
  Result<Done> copy(const std::function<void(unsigned)>& progress, BootTime deadline) override;
  Result<Done> start_as_standby(BootTime deadline) override;

  FakeDatabase* source = nullptr;  ///< the other region's
  LostTail tail;
  Trouble tails;
  Trouble rewinds;
  Trouble copies;
  Trouble starts;
  std::vector<std::string> steps;  ///< that were done, in order

 private:
  Result<Done> step(Trouble& trouble, const std::string& what);
  Stage& stage_;
  FakeDatabase& database_;
};

class FakeGate final : public TrafficGate {
 public:
  explicit FakeGate(Stage& stage) : stage_(stage) {}
  Result<Done> set_open(bool open, BootTime deadline) override;

  bool is_open = true;
  Trouble trouble;

 private:
  Stage& stage_;
};

class FakeCompute final : public Compute {
 public:
  explicit FakeCompute(Stage& stage) : stage_(stage) {}
  Result<std::map<std::string, unsigned>> running(BootTime deadline) override;
  Result<Done> want(const std::string& service, unsigned count, BootTime deadline) override;

  std::map<std::string, unsigned> now;
  std::vector<std::pair<std::string, unsigned>> wants;
  Trouble trouble;
  std::function<void(const std::string&, unsigned)> before_want;

 private:
  Stage& stage_;
};

/// The way to an agent. What `agent` does may be scripted below, or be a real one.
class AgentLink final : public RegionAgent, public Grantor {
 public:
  explicit AgentLink(Stage& stage) : stage_(stage) {}

  Result<AgentStatus> status(BootTime deadline) override;
  Result<FenceAck> fence(std::uint64_t term, BootTime deadline) override;
  Result<DatabaseState> promote(const PromoteOrder& order, BootTime deadline) override;
  Result<Done> await_active(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> scale(const ScaleOrder& order, BootTime deadline) override;

  Result<Done> drain(std::uint64_t transition, BootTime deadline) override;
  Result<RebuildState> rebuild(const RebuildOrder& order, BootTime deadline) override;

  Result<RevokeAck> revoke(std::uint64_t term, BootTime deadline) override;
  Result<Done> extend(std::uint64_t term, BootTime deadline) override;

  RegionAgent* agent = nullptr;  ///< none: it does not answer
  Grantor* grantor = nullptr;    ///< the same, as second grantor
  Trouble revokes;
  Trouble extends;
  Trouble statuses;
  Trouble fences;
  Trouble promotes;
  Trouble awaits;
  Trouble scales;
  Trouble drains;
  Trouble rebuilds;
  std::vector<std::string> orders;  ///< that got through: "fence 3", "promote 2", "scale web 1"

 private:
  template <class T>
  Result<T> call(Trouble& trouble, BootTime deadline, const std::string& order,
                 const std::function<Result<T>()>& act);
  Stage& stage_;
};

/// An agent by script: answers what its fields say, and counts.
class ScriptedAgent final : public RegionAgent {
 public:
  Result<AgentStatus> status(BootTime) override { return now; }
  Result<FenceAck> fence(std::uint64_t term, BootTime) override {
    FenceAck answer = ack;
    if (answer.term == 0) answer.term = term;
    return answer;
  }
  Result<RevokeAck> revoke(std::uint64_t term, BootTime) override {
    revoked.push_back(term);
    return RevokeAck{.term = term, .rest = promise_rest};
  }
  Result<DatabaseState> promote(const PromoteOrder& order, BootTime) override;
  Result<Done> await_active(std::uint64_t, BootTime) override { return active; }
  Result<Done> scale(const ScaleOrder& order, BootTime) override {
    now.running[order.service] = order.count;
    return Done{};
  }
  Result<Done> drain(std::uint64_t transition, BootTime) override {
    drained_for.push_back(transition);
    return Done{};
  }
  Result<RebuildState> rebuild(const RebuildOrder&, BootTime) override { return now.rebuild; }

  AgentStatus now;
  FenceAck ack;  ///< term 0: answers in the term it was asked in
  Duration promise_rest = -std::chrono::seconds(1);
  std::vector<std::uint64_t> revoked;
  std::vector<std::uint64_t> drained_for;
  Result<Done> active = Done{};
  bool promotes = true;  ///< false: it says it did, and the database stays a standby
  unsigned promotions = 0;
};

class FakeVantage final : public Vantage {
 public:
  FakeVantage(Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  Result<Sighting> look(const std::string& region, BootTime deadline) override;
  Result<Watched> watch(const std::string& region, const Pace& pace) override;

  std::function<Sighting(const std::string& region)> sees;
  bool silent = false;      ///< answers only when it is too late
  bool unanswered = false;  ///< nothing at the region answers: a look lasts until its deadline
  unsigned looks = 0;
  unsigned watches = 0;

 private:
  Stage& stage_;
  const std::string name_;
};

class FakeIngress final : public Ingress {
 public:
  explicit FakeIngress(Stage& stage) : stage_(stage) {}
  Result<std::string> serving_region(BootTime deadline) override;
  Result<Done> write_and_read(std::uint64_t transition, BootTime deadline) override;

  std::function<std::optional<std::string>()> serving;
  Trouble trouble;
  std::vector<std::uint64_t> marks;

 private:
  Stage& stage_;
};

}  // namespace understudy::fake
