#include "drill/hammer.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "drill/interruption.h"
#include "drill/lease_log.h"
#include "drill/stage.h"
#include "local/render.h"
#include "ports/wire.h"
#include "system/kernel.h"
#include "system/postgres.h"

namespace understudy::drill {

namespace json = boost::json;

namespace {

constexpr unsigned kCommitters = 16;
constexpr auto kStatement = std::chrono::seconds(10);

/// Sessions that commit on and on, each noting when it was told "done".
class Committers {
 public:
  Committers(const Stage& stage, std::string region) : stage_(stage), region_(std::move(region)) {}
  ~Committers() { stop(); }

  Result<Done> start() {
    auto session = open();
    if (!session) return session.error();
    auto made = session->run(
        "CREATE TABLE IF NOT EXISTS drill_hammer (at timestamptz DEFAULT clock_timestamp())", {},
        kStatement);
    if (!made) return made.error();
    for (unsigned i = 0; i < kCommitters; ++i)
      threads_.emplace_back([this] { commit_on_and_on(); });
    return Done{};
  }

  void stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  /// Requires: stopped.
  [[nodiscard]] std::vector<BootTime> acknowledgements() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t cut() const { return cut_; }

 private:
  [[nodiscard]] Result<postgres::Connection> open() const {
    return postgres::Connection::open(
        application_conninfo(stage_.site().layout(), region_, stage_.site().secrets()), kStatement);
  }

  void commit_on_and_on() {
    std::vector<BootTime> mine;
    while (!stopping_) {
      auto session = open();
      while (session && session->connected() && !stopping_) {
        auto done = session->run("INSERT INTO drill_hammer DEFAULT VALUES", {}, kStatement);
        const BootTime told = read_clocks().boot;
        if (done) {
          mine.push_back(told);
        } else if (session->connected()) {
          ++refused_;
        } else {
          ++cut_;
        }
        if (!done) std::this_thread::sleep_for(milliseconds(2));
      }
      if (!session) std::this_thread::sleep_for(milliseconds(10));
    }
    const std::lock_guard held(lock_);
    acknowledged_.insert(acknowledged_.end(), mine.begin(), mine.end());
  }

  const Stage& stage_;
  const std::string region_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> cut_{0};
  std::mutex lock_;
  std::vector<BootTime> acknowledged_;
};

Result<HammerResult> compare(const Stage& stage, const std::string& region,
                             const Topology& topology, std::vector<BootTime> acknowledgements) {
  auto log = read_lease_log(stage, topology, region);
  if (!log) return log.error();
  const std::vector<Lease>& leases = log->leases;
  HammerResult result{.grants = log->grants, .extended = log->extended};
  result.lapses = leases.empty() ? 0 : leases.size() - 1;
  result.acknowledgements = acknowledgements.size();
  result.latest_us = INT64_MIN;
  for (const BootTime told : acknowledgements) {
    // The lease that was the newest when the client was told.
    const auto after =
        std::upper_bound(leases.begin(), leases.end(), told,
                         [](BootTime at, const Lease& lease) { return at < lease.from; });
    const Duration beyond =
        after == leases.begin() ? Duration::max() : told - std::prev(after)->until;
    result.latest_us = std::max(result.latest_us, beyond.count() / 1000);
    if (beyond <= topology.lease.answer_max) continue;
    ++result.outside;
    if (result.evidence.size() < 10)
      result.evidence.push_back(fmt::format("an acknowledgement was received {} us after its lease",
                                            beyond.count() / 1000));
  }
  return result;
}

}  // namespace

Result<HammerResult> run_hammer(Topology topology, const DrillOptions& options, unsigned rounds,
                                std::uint64_t seed, const Say& say) {
  topology.policy.automatic_failover = Automation::off;
  say("bringing up two regions, a witness and an edge, without automatic failover");
  auto stage = Stage::set(topology, options.own_program);
  if (!stage) return within("bringing the stack up", stage.error());
  if (options.keep) (*stage)->keep();
  const std::string& region = topology.home;
  Committers committers(**stage, region);
  if (auto started = committers.start(); !started) return started.error();

  std::mt19937_64 random(seed);
  const auto ttl_ms = static_cast<std::uint64_t>(to_ms(topology.lease.ttl));
  say(fmt::format("{} times SIGSTOP and SIGCONT of agent and watchdog, seed {}", rounds, seed));
  for (unsigned round = 0; round < rounds && !interrupted(); ++round) {
    sleep_unless_interrupted(std::chrono::microseconds(random() % 400'000));
    auto frozen = freeze_agent(**stage, region);
    if (!frozen) continue;  // the agent is being started anew just now
    // Often about as long as a lease: the end of it is what must be hit.
    sleep_unless_interrupted(milliseconds(random() % (ttl_ms * 5 / 4)));
    if (auto thawed = frozen->heal(); !thawed) return thawed.error();
  }
  if (interrupted())
    return Error{After::unchanged_final, "interrupted; its stack was ended and removed"};
  sleep_unless_interrupted(milliseconds(500));
  committers.stop();
  auto result = compare(**stage, region, topology, committers.acknowledgements());
  if (!result) return result;
  result->rounds = rounds;
  result->refusals = committers.refused();
  result->cut = committers.cut();
  return result;
}

}  // namespace understudy::drill
