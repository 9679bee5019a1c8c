#include "drill/round_trips.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "drill/buyers.h"
#include "drill/injections.h"
#include "drill/interruption.h"
#include "drill/ledger.h"
#include "drill/reaper.h"
#include "drill/stage.h"
#include "local/salvage_file.h"

namespace understudy::drill {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using std::chrono::seconds;

constexpr auto kSteady = seconds(3);
/// Less than the lag budget without ttl and margin (3 s, 2 s and 100 ms), or a person is asked.
constexpr auto kUnsent = milliseconds(600);
constexpr auto kFailover = seconds(30);
constexpr auto kRejoin = seconds(120);
constexpr auto kFailback = seconds(30);
constexpr auto kLook = milliseconds(20);
/// An order of before the failback may wait as long as its client does.
constexpr auto kClientTimeout = seconds(2);
/// Of a failback in whose every state somebody is killed: it may be aborted.
constexpr unsigned kFailbackTries = 3;
/// Besides the standby's physical slot, the one that remembers what the standby lacks.
constexpr std::size_t kSlotsMax = 2;

/// An order as it was sold: key, number, seat.
using Sale = std::tuple<std::string, std::string, std::int64_t>;

class Traveller {
 public:
  Traveller(Stage& stage, Buyers& buyers, const Topology& topology, unsigned failback_tries)
      : stage_(stage),
        buyers_(buyers),
        topology_(topology),
        home_(topology.home),
        failback_tries_(failback_tries) {}

  Result<RoundTrip> travel(unsigned number) {
    RoundTrip trip{.number = number};
    const std::string away = topology_.other(home_).name;
    sleep_unless_interrupted(kSteady);
    if (number % 2 == 0) {
      // Some orders are lost, that are to be found again.
      if (auto stopped = stop_sending_log(stage_, home_); !stopped) return stopped.error();
      sleep_unless_interrupted(kUnsent);
    }
    const BootTime killed_at = read_clocks().boot;
    auto killed = kill_region(stage_, home_);
    if (!killed) return within("killing " + home_, killed.error());
    if (auto there = await("orders acknowledged by " + away, kFailover,
                           [&] { return serves(away, killed_at) || approve_and_wait(); });
        !there)
      return there.error();
    trip.rto_ms = to_ms(buyers_.counters().last_acknowledgement->received.boot - killed_at);
    if (auto over = await("the end of the failover", kFailover, [&] { return quiet(away); }); !over)
      return over.error();
    if (auto seen = order("/v1/acknowledge", {{"who", "drill"}}); !seen) return seen.error();
    const BootTime returned_at = read_clocks().boot;
    if (auto returned = killed->heal(); !returned) return returned.error();
    if (auto attached = await_standby(home_); !attached) return attached.error();
    trip.rejoined_ms = to_ms(read_clocks().boot - returned_at);
    if (auto back = fail_back(number - 1); !back) return back.error();
    if (auto attached = await_standby(away); !attached) return attached.error();
    for (const Region& region : topology_.regions) {
      trip.disk_bytes += size_of(stage_.site().layout().domain(region.name).file("postgres"));
    }
    return trip;
  }

  /// When each failback began and had ended.
  struct Failback {
    std::size_t trip;  ///< from 0 on
    BootTime from;
    BootTime to;
  };
  [[nodiscard]] const std::vector<Failback>& failbacks() const { return failbacks_; }
  [[nodiscard]] unsigned failbacks_aborted() const { return failbacks_aborted_; }
  [[nodiscard]] unsigned approved() const { return approved_; }

 private:
  /// One that is aborted leaves everything as it was, and may be planned again.
  Result<Done> fail_back(std::size_t trip) {
    for (unsigned tries = 1;; ++tries) {
      sleep_unless_interrupted(kSteady);
      const BootTime from = read_clocks().boot;
      // An answer may be lost with whoever gave it; what came of the order is seen in the record.
      if (auto begun = begin_failback(); !begun && failback_tries_ == 1) return begun;
      auto home = await("the failback", kFailback, [&] { return quiet(home_); });
      sleep_unless_interrupted(seconds(1));
      failbacks_.push_back({trip, from, read_clocks().boot});
      if (home || tries == failback_tries_) return home;
      ++failbacks_aborted_;
    }
  }

  Result<Done> begin_failback() {
    auto planned = order("/v1/failback", {{"who", "drill"}, {"reason", "round trip"}});
    json::object approval = {{"who", "drill"}};
    if (planned) approval["execution"] = planned->at("execution");
    auto approved = order("/v1/approve", approval);
    if (!planned) return within("planning the failback", planned.error());
    if (!approved) return within("approving the failback", approved.error());
    return Done{};
  }

  /// Where somebody is killed in every state, whoever is to obey may be dead just now.
  Result<json::object> order(const std::string& path, const json::object& body) {
    auto answered = stage_.order(path, body);
    for (unsigned tries = 1; !answered && tries < failback_tries_; ++tries) {
      sleep_unless_interrupted(seconds(1));
      answered = stage_.order(path, body);
    }
    return answered;
  }

  Result<Done> await_standby(const std::string& region) {
    return await(region + " to be attached as standby", kRejoin, [&] {
      const auto record = this->record();
      return record && text(*record, "standby") == region;
    });
  }

  Result<Done> await(const std::string& what, Duration longest,
                     const std::function<bool()>& arrived) {
    const BootTime give_up = read_clocks().boot + longest;
    while (!arrived()) {
      if (interrupted()) return Error{After::unchanged_final, "interrupted"};
      if (read_clocks().boot >= give_up) {
        return Error{After::unchanged_final,
                     fmt::format("waited {} s in vain for {}", to_ms(longest) / 1000, what)};
      }
      sleep_unless_interrupted(kLook);
    }
    return Done{};
  }

  /// Where somebody is killed in every state, a failover takes longer than its lease, so that a
  /// person is asked about the loss, and approves here. False: it is still to be waited for.
  bool approve_and_wait() {
    if (failback_tries_ == 1 || read_clocks().boot < ask_again_at_) return false;
    ask_again_at_ = read_clocks().boot + seconds(1);
    if (stage_.approve()) ++approved_;
    return false;
  }

  [[nodiscard]] bool serves(const std::string& region, BootTime since) const {
    const auto last = buyers_.counters().last_acknowledgement;
    return last && last->region == region && last->received.boot > since;
  }

  [[nodiscard]] std::optional<json::object> record() const {
    const auto status = stage_.status();
    const auto* found = status ? status->if_contains("record") : nullptr;
    if (found == nullptr || !found->is_object()) return std::nullopt;
    return found->get_object();
  }

  /// That region is active, and no transition is under way.
  [[nodiscard]] bool quiet(const std::string& active) const {
    const auto seen = record();
    return seen && text(*seen, "active") == active &&
           text(seen->at("transition").as_object(), "phase") == "none";
  }

  static std::string text(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
  }

  static std::uint64_t size_of(const std::string& folder) {
    std::uint64_t bytes = 0;
    std::error_code gone;  // files come and go meanwhile
    for (auto entry = fs::recursive_directory_iterator(folder, gone);
         !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
      std::error_code no_size;
      const auto size = entry->is_regular_file(no_size) ? entry->file_size(no_size) : 0;
      if (!no_size) bytes += size;
    }
    return bytes;
  }

  Stage& stage_;
  Buyers& buyers_;
  const Topology& topology_;
  const std::string home_;
  const unsigned failback_tries_;
  std::vector<Failback> failbacks_;
  unsigned failbacks_aborted_ = 0;
  unsigned approved_ = 0;
  BootTime ask_again_at_{};
};

/// What was acknowledged, held and salvaged, and how that fits together.
class Accounts {
 public:
  explicit Accounts(const Ledger& ledger) : ledger_(ledger) {}

  Result<Done> read_salvage(const std::string& region_folder) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(salvage_folder(region_folder), none)) {
      if (entry.path().extension() != ".jsonl") continue;
      auto reader = SalvageReader::open(entry.path());
      if (!reader) return reader.error();
      while (true) {
        auto transaction = reader->next();
        if (!transaction) return transaction.error();
        if (!*transaction) break;
        for (const SalvagedChange& change : (*transaction)->changes) note(change);
      }
    }
    return Done{};
  }

  void settle(const DatabaseView& books, RoundTripsResult& result) const {
    std::set<Sale> held;
    for (const OrderRow& row : books.orders) held.insert({row.key, row.order, row.seat});
    std::set<Sale> told;
    for (const Acknowledgement& sold : ledger_.acknowledgements)
      told.insert({sold.key, sold.order, sold.seat});
    result.acked = told.size();
    result.salvaged = salvaged_.size();
    for (const Sale& sale : told) {
      if (held.contains(sale)) continue;
      ++result.lost;
      if (!salvaged_.contains(sale)) ++result.lost_beyond_salvage;
    }
    for (const Sale& sale : salvaged_) {
      if (held.contains(sale)) ++result.salvaged_though_held;
      if (!told.contains(sale)) ++result.salvaged_unacked;
    }
    count_dual(result);
  }

  /// Waits and failures of orders that came due in a failback.
  void judge_failbacks(const std::vector<Traveller::Failback>& failbacks,
                       RoundTripsResult& result) const {
    std::map<std::string, BootTime> served;
    for (const Acknowledgement& sold : ledger_.acknowledgements) {
      const auto at = served.emplace(sold.key, sold.received.boot).first;
      at->second = std::min(at->second, sold.received.boot);
    }
    for (const Attempt& attempt : ledger_.attempts) {
      if (attempt.number != 1 || attempt.seat)
        continue;  // one for a particular seat may be refused
      for (const auto& [trip, from, to] : failbacks) {
        if (attempt.scheduled.boot < from || attempt.scheduled.boot > to) continue;
        const auto at = served.find(attempt.key);
        if (at == served.end()) {
          ++result.failed_in_failbacks;
        } else {
          auto& longest = result.trips[trip].failback_longest_ms;
          longest = std::max(longest, to_ms(at->second - attempt.scheduled.boot));
        }
      }
    }
  }

 private:
  void note(const SalvagedChange& change) {
    if (change.table != "orders" || change.op != "insert") return;
    const auto value = [&](std::string_view column) {
      const auto* found = change.values.if_contains(column);
      return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                    : std::string();
    };
    salvaged_.insert({value("key"), value("id"), std::atoll(value("seat").c_str())});
  }

  /// I1, as clients see it.
  void count_dual(RoundTripsResult& result) const {
    std::map<std::int64_t, BootTime> first;
    for (const Acknowledgement& sold : ledger_.acknowledgements) {
      const auto at = first.emplace(sold.epoch, sold.received.boot).first;
      at->second = std::min(at->second, sold.received.boot);
    }
    for (const Acknowledgement& sold : ledger_.acknowledgements) {
      const auto newer = first.upper_bound(sold.epoch);
      if (newer != first.end() && sold.received.boot > newer->second)
        ++result.dual_acknowledgements;
    }
  }

  const Ledger& ledger_;
  std::set<Sale> salvaged_;
};

std::vector<Victim> who_carries_executions(const Topology& topology) {
  std::vector<Victim> all{{"witness", "controller"}};
  for (const Region& region : topology.regions) all.push_back({region.name, "agent"});
  return all;
}

/// Nothing may pile up, trip after trip.
void check_leftovers(const Stage& stage, const Topology& topology, RoundTripsResult& result) {
  const auto require = [&](bool holds, std::string what) {
    if (!holds) result.failed_checks.push_back(std::move(what));
  };
  for (const Region& region : topology.regions) {
    const DomainPlace place = stage.site().layout().domain(region.name);
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(place.folder, gone)) {
      const std::string name = entry.path().filename();
      require(!name.starts_with("postgres.") && !name.starts_with("postgres-"),
              region.name + ": " + name + " was left behind");
    }
    const auto slots = stage.slots(region.name);
    require(slots.ok(), slots ? "" : slots.error().what);
    if (slots) {
      require(slots->size() <= kSlotsMax,
              fmt::format("{} has {} replication slots", region.name, slots->size()));
    }
  }
  // The first trips fill what is kept and recycled from then on: two files of log for each of two
  // timelines a trip, until wal_keep_size is reached.
  constexpr std::size_t kFilled = 8;
  if (result.trips.size() >= kFilled + 2) {
    const std::uint64_t early = result.trips[kFilled - 1].disk_bytes;
    const std::uint64_t late = result.trips.back().disk_bytes;
    require(late < early + early / 4,
            fmt::format("the databases grew from {} to {} MiB", early >> 20, late >> 20));
  }
}

}  // namespace

Result<RoundTripsResult> run_round_trips(Topology topology, const DrillOptions& options,
                                         unsigned trips, bool crashes, const Say& say) {
  topology.policy.failover_interval_min = Duration::zero();  // one after the other, unasked
  topology.policy.automatic_rejoin = true;
  say("bringing up two regions, a witness and an edge");
  auto stage = Stage::set(topology, options.own_program);
  if (!stage) return within("bringing the stack up", stage.error());
  if (options.keep) (*stage)->keep();
  auto ledger_file = LedgerWriter::create((*stage)->folder() + "/clients.jsonl");
  if (!ledger_file) return ledger_file.error();
  Buyers buyers(
      {.run = fmt::format("t{}", read_clocks().wall.time_since_epoch().count() % 1'000'000),
       .order_urls = {"http://" + (*stage)->site().layout().edge_http().text()},
       .page_urls = {},
       .orders_per_second = options.orders_per_second,
       .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(kClientTimeout)},
      **ledger_file);
  if (auto started = buyers.start(); !started) return started.error();
  RoundTripsResult result;
  std::unique_ptr<Reaper> reaper;
  if (crashes) reaper = std::make_unique<Reaper>(**stage, who_carries_executions(topology));
  Traveller traveller(**stage, buyers, topology, crashes ? kFailbackTries : 1);
  for (unsigned number = 1; number <= trips && !interrupted(); ++number) {
    auto trip = traveller.travel(number);
    if (!trip) return within(fmt::format("trip {}", number), trip.error());
    say(fmt::format("trip {}: back in service after {} ms, rejoined after {} ms, {} MiB on disk",
                    number, trip->rto_ms, trip->rejoined_ms, trip->disk_bytes >> 20));
    result.trips.push_back(*trip);
  }
  result.failbacks_aborted = traveller.failbacks_aborted();
  result.approved = traveller.approved();
  result.crashes = crashes;
  if (reaper) result.deaths = reaper->deaths();
  reaper.reset();
  buyers.stop(seconds(3));
  if (auto failure = buyers.failure()) return within("the clients' record", *failure);
  auto ledger = read_ledger((*stage)->folder() + "/clients.jsonl");
  if (!ledger) return ledger.error();
  auto books = (*stage)->view(topology.home, kRejoin);
  if (!books) return books.error();
  Accounts accounts(*ledger);
  for (const Region& region : topology.regions) {
    const auto read = accounts.read_salvage((*stage)->site().layout().domain(region.name).folder);
    if (!read) return within("the salvage of " + region.name, read.error());
  }
  accounts.settle(*books, result);
  accounts.judge_failbacks(traveller.failbacks(), result);
  check_leftovers(**stage, topology, result);
  if (auto struck = (*stage)->strike(); !struck)
    result.failed_checks.push_back(struck.error().what);
  return result;
}

}  // namespace understudy::drill
