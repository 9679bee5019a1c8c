#include "drill/drill.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "drill/audience.h"
#include "drill/buyers.h"
#include "drill/disk_watch.h"
#include "drill/interruption.h"
#include "drill/lag_watch.h"
#include "drill/lease_history.h"
#include "drill/ledger.h"
#include "drill/record_check.h"
#include "drill/stage.h"
#include "system/file.h"

namespace understudy::drill {

namespace {

using std::chrono::seconds;

constexpr auto kBaseline = seconds(20);  ///< what the rate before the fault is taken from, at least
constexpr auto kSettle = seconds(5);     ///< after the first new acknowledgement, for full service
constexpr auto kAfterHealing = seconds(4);  ///< for late acknowledgements of a region that returns
constexpr auto kCrowdGathers = milliseconds(700);
constexpr auto kReturn = seconds(30);  ///< for a returned region's database to answer
constexpr auto kAnswer = seconds(10);  ///< for the controller to show what it asks
constexpr auto kAfterApproval = seconds(15);
constexpr milliseconds kLongestWait{2000};  ///< of an order, in a planned move
constexpr auto kRecord = seconds(20);  ///< for the failover to end, and its record to be written
constexpr std::uint64_t kFirstTimeline = 1;     ///< of the databases of a new stack
constexpr auto kFeedBack = milliseconds(1000);  ///< after readiness, 99 of 100 watchers
/// One time-out of the CDN at the region that is gone (CdnTimeouts::read), and the page itself.
constexpr auto kPageDelay = milliseconds(2500);

constexpr auto kForeseen = seconds(30);  ///< for `understudy check` to say what it must
constexpr auto kTold = seconds(25);      ///< for an alert after a failover

/// Whether `understudy check` says of a question that it is not so.
bool found_by_check(const boost::json::object& readiness, int id) {
  const auto& checks = readiness.at("checks").as_array();
  return std::any_of(checks.begin(), checks.end(), [id](const boost::json::value& each) {
    const auto& check = each.as_object();
    return check.at("id").as_int64() == id && check.at("state").as_string() == "finding";
  });
}

/// The drill in progress: what its parts share.
class Run {
 public:
  Run(const Fault& fault, const Topology& topology, const DrillOptions& options, const Say& say)
      : fault_(fault), topology_(topology), options_(options), say_(say) {
    // What the old region holds is evidence: it is not rebuilt before it was read.
    topology_.policy.automatic_rejoin = false;
    if (fault_.setting != nullptr) fault_.setting(topology_);
  }

  Result<DrillResult> play() {
    for (const auto act : {&Run::set_the_stage, &Run::open_the_doors, &Run::strike_the_fault,
                           &Run::watch, &Run::heal}) {
      if (auto done = (this->*act)(); !done) return done.error();
      if (interrupted())
        return Error{After::unchanged_final, "interrupted; its stack was ended and removed"};
    }
    if (fault_.asks && fault_.expected == Outcome::fails_over) {
      check_that_a_person_is_asked();
      await_acknowledgement();
    }
    buyers_->stop(seconds(3));
    if (auto failure = buyers_->failure()) return within("the clients' record", *failure);
    check_returned_region();
    if (fault_.asks && fault_.expected != Outcome::fails_over) check_that_a_person_is_asked();
    if (auto judged = judge_it(); !judged) return judged.error();
    check_story();
    check_records();
    check_audience();
    end_it();
    return std::move(result_);
  }

 private:
  Result<Done> set_the_stage() {
    say_("bringing up two regions, a witness and an edge");
    auto stage = Stage::set(topology_, options_.own_program, fault_.needs);
    if (!stage) return within("bringing the stack up", stage.error());
    stage_ = std::move(*stage);
    region_ = topology_.home;
    disk_watch_ = std::make_unique<DiskWatch>(stage_->folder());
    return Done{};
  }

  Result<Done> open_the_doors() {
    auto ledger = LedgerWriter::create(stage_->folder() + "/clients.jsonl");
    if (!ledger) return ledger.error();
    ledger_ = std::move(*ledger);
    BuyersOptions options;
    options.run =
        fmt::format("d{}-{}", getpid(), read_clocks().wall.time_since_epoch().count() % 1'000'000);
    options.order_urls = {"http://" + stage_->site().layout().edge_http().text()};
    options.page_urls = options.order_urls;
    options.orders_per_second = options_.orders_per_second;
    options.pages_per_second = options_.pages_per_second;
    run_name_ = options.run;
    buyers_ = std::make_unique<Buyers>(options, *ledger_);
    if (auto started = buyers_->start(); !started) return started;
    audience_ = std::make_unique<Audience>(stage_->site());
    lag_watch_ = std::make_unique<LagWatch>(stage_->site(), topology_.other(region_).name);
    const auto before =
        fault_.name == "none" ? std::min(options_.steady, kBaseline) : options_.steady;
    say_(fmt::format("{} orders/s for {} s", options_.orders_per_second, options_.steady.count()));
    sleep_unless_interrupted(before);
    if (!interrupted() && !buyers_->counters().last_acknowledgement) {
      return Error{After::unchanged_final,
                   "no order was served, so no fault was done: buyers speak boxoffice's API (POST "
                   "/api/orders) and cannot judge another service"};
    }
    return Done{};
  }

  Result<Done> strike_the_fault() {
    if (fault_.after_stalled_replication) {
      auto cut = cut_replication(*stage_, region_);
      if (!cut) return within("stalling the replication", cut.error());
      say_("replication stalls");
      sleep_unless_interrupted(topology_.policy.lag_budget + seconds(2));
    }
    if (fault_.prepare) {
      auto prepared = fault_.prepare(*stage_, region_);
      if (!prepared) return within("preparing the fault", prepared.error());
      check_that_it_is_foreseen();
    }
    if (fault_.name == "region-freeze") {
      auto stragglers = Stragglers::start(stage_->site(), region_, run_name_);
      if (!stragglers) return stragglers.error();
      stragglers_ = std::move(*stragglers);
      sleep_unless_interrupted(kCrowdGathers);
    }
    say_(fmt::format("{} in {}: {}", fault_.name, region_, fault_.what));
    fault_at_ = read_clocks();
    if (auto marked = ledger_->write(Mark{"fault", fault_at_}); !marked) return marked;
    auto injected = fault_.inject(*stage_, region_);
    if (!injected) return within("doing the fault", injected.error());
    injected_ = std::move(*injected);
    if (stragglers_) stragglers_->note_frozen();
    if (!fault_.prepare) check_that_it_is_foreseen();
    return Done{};
  }

  /// Whether `understudy check` now says so, within its time.
  bool check_says(const std::function<bool(const boost::json::object&)>& so) {
    const BootTime give_up = read_clocks().boot + kForeseen;
    do {
      const auto readiness = stage_->readiness();
      if (readiness && so(*readiness)) return true;
      sleep_unless_interrupted(milliseconds(500));
    } while (read_clocks().boot < give_up && !interrupted());
    return false;
  }

  void check_that_it_is_foreseen() {
    if (fault_.foreseen.empty()) return;
    const bool said = check_says([&](const boost::json::object& readiness) {
      return readiness.at("ready").as_bool() != fault_.not_ready &&
             std::all_of(fault_.foreseen.begin(), fault_.foreseen.end(),
                         [&](int id) { return found_by_check(readiness, id); });
    });
    say_(said ? "understudy check says so" : "understudy check does not say so");
    require(said, fmt::format("understudy check did not say {}{}",
                              fmt::to_string(fmt::join(fault_.foreseen, " and ")),
                              fault_.not_ready ? ", or called it ready" : ""));
  }

  /// Until the expected fail-over has come and service is full, or until the bound has passed.
  Result<Done> watch() {
    Duration bound = fault_.bound;
    if (fault_.name == "none") bound = std::max(seconds(1), options_.steady - kBaseline);
    if (fault_.spares_active) bound = options_.fault_lasts.value_or(bound);
    const BootTime give_up = fault_at_.boot + bound;
    while (!interrupted() && read_clocks().boot < give_up) {
      const auto last = buyers_->counters().last_acknowledgement;
      if (fault_.expected == Outcome::fails_over && last && last->region != region_) {
        say_(fmt::format("{} acknowledges again after {} ms", last->region,
                         to_ms(last->received.boot - fault_at_.boot)));
        sleep_unless_interrupted(kSettle);
        await_telling();
        return Done{};
      }
      sleep_unless_interrupted(milliseconds(20));
    }
    return Done{};
  }

  /// What degrades without breaking is told only once it has lasted.
  void await_telling() {
    const BootTime give_up = read_clocks().boot + kTold;
    while (!fault_.tells.empty() && !interrupted() && read_clocks().boot < give_up) {
      auto story = read_story(stage_->site(), region_, fault_at_);
      if (story && tells(*story)) return;
      sleep_unless_interrupted(milliseconds(200));
    }
  }

  [[nodiscard]] bool tells(const Story& story) const {
    return std::any_of(story.alerts.begin(), story.alerts.end(), [&](const std::string& alert) {
      return alert.find(fault_.tells) != std::string::npos;
    });
  }

  Result<Done> heal() {
    if (fault_.asks) return Done{};  // it stays: that is the point
    if (fault_.region_lost || fault_.thaws) say_(region_ + " returns");
    if (stragglers_) stragglers_->note_thaw();
    if (auto marked = ledger_->write(Mark{"healed", read_clocks()}); !marked) return marked;
    if (auto healed = injected_.heal(); !healed) return within("undoing the fault", healed.error());
    sleep_unless_interrupted(fault_.name == "none" ? Duration::zero() : Duration(kAfterHealing));
    if (stragglers_) result_.stragglers = stragglers_->stop();
    if (fault_.not_ready) {
      require(check_says([](const auto& readiness) { return readiness.at("ready").as_bool(); }),
              "understudy check did not call it ready again");
    }
    return Done{};
  }

  void await_acknowledgement() {
    const BootTime give_up = read_clocks().boot + kAfterApproval;
    const auto by_another = [&] {
      const auto last = buyers_->counters().last_acknowledgement;
      return last && last->region != region_;
    };
    while (!interrupted() && !by_another() && read_clocks().boot < give_up)
      sleep_unless_interrupted(milliseconds(20));
    sleep_unless_interrupted(kSettle);
  }

  void require(bool holds, const std::string& what) {
    if (!holds) result_.failed_checks.push_back(what);
  }

  /// A region that was left and is back: it must be fenced and quiet.
  void check_returned_region() {
    if (fault_.expected != Outcome::fails_over || fault_.asks) return;
    const BootTime give_up = read_clocks().boot + kReturn;
    std::string last = "its agent did not answer";
    while (!interrupted() && read_clocks().boot < give_up) {
      auto status = stage_->status();
      const auto* regions = status ? status->if_contains("regions") : nullptr;
      const auto* said = regions != nullptr && regions->is_object()
                             ? regions->get_object().if_contains(region_)
                             : nullptr;
      const auto* writable = said != nullptr && said->is_object()
                                 ? said->get_object().if_contains("writable")
                                 : nullptr;
      if (writable != nullptr && writable->is_bool()) {
        require(!writable->get_bool(), region_ + " came back with an open page");
        return;
      }
      sleep_unless_interrupted(milliseconds(200));
    }
    require(false, region_ + " did not come back: " + last);
  }

  /// Whether exactly one question is open. On a busy machine an answer may be late.
  bool is_asked(std::string& why) const {
    const BootTime give_up = read_clocks().boot + kAnswer;
    while (!interrupted() && read_clocks().boot < give_up) {
      auto status = stage_->status();
      if (!status) why = status.error().what;
      const auto* questions = status ? status->if_contains("questions") : nullptr;
      if (questions != nullptr && questions->is_array() && questions->get_array().size() == 1)
        return true;
      sleep_unless_interrupted(milliseconds(200));
    }
    return false;
  }

  /// Nothing may be promoted over the budget until a person says so; then it goes on.
  void check_that_a_person_is_asked() {
    std::string why = "status shows no question";
    const bool asked = is_asked(why);
    require(asked, "nobody was asked: " + why);
    const std::string target = topology_.other(region_).name;
    require(active_region() == region_, target + " was made active before a person said so");
    if (!asked) return;
    say_("a person approves");
    if (auto approved = stage_->approve(); !approved)
      return require(false, "approving: " + approved.error().what);
    const BootTime give_up = read_clocks().boot + kAfterApproval;
    while (!interrupted() && active_region() != target && read_clocks().boot < give_up)
      sleep_unless_interrupted(milliseconds(50));
    result_.asked = active_region() == target;
    require(result_.asked, "it did not go on after the approval");
  }

  std::string active_region() {
    auto status = stage_->status();
    const auto* record = status ? status->if_contains("record") : nullptr;
    const auto* active = record != nullptr && record->is_object()
                             ? record->get_object().if_contains("active")
                             : nullptr;
    return active != nullptr && active->is_string() ? std::string(active->get_string())
                                                    : std::string();
  }

  Result<Done> judge_it() {
    auto story = read_story(stage_->site(), region_, fault_at_);
    if (!story) return story.error();
    result_.story = std::move(*story);
    result_.audience = audience_->leave(fault_at_.boot, ready_at());
    result_.disk_write_max = disk_watch_->longest_since(fault_at_.boot);
    std::vector<DatabaseView> views;
    for (const Region& region : topology_.regions) {
      const bool gone = fault_.asks && region.name == region_;
      if (gone) continue;
      auto view = stage_->view(region.name, kReturn);
      if (!view) return view.error();
      views.push_back(std::move(*view));
    }
    auto ledger = read_ledger(stage_->folder() + "/clients.jsonl");
    if (!ledger) return ledger.error();
    Case drilled{.fault = fault_.name, .expected = fault_.expected, .fault_at = fault_at_};
    drilled.objectives = fault_.objectives.value_or(topology_.objectives);
    drilled.lag_budget = topology_.policy.lag_budget;
    drilled.majority_sees_primary_down = fault_.majority_sees_primary_down;
    drilled.only_witness_or_standby_lost = fault_.spares_active;
    drilled.commits_were_held =
        fault_.after_stalled_replication && topology_.policy.rpo == RpoPolicy::budget_first;
    drilled.phases = result_.story.phases;
    auto verdict = judge(drilled, *ledger, views);
    if (!verdict) return verdict.error();
    result_.verdict = std::move(*verdict);
    auto leases = read_lease_history(*stage_, topology_, fault_at_);
    if (!leases) say_("the course of this drill has no leases: " + leases.error().what);
    result_.course = course_of(*ledger, fault_at_, lag_watch_->stop(fault_at_),
                               leases ? *leases : std::vector<HeldLease>());
    result_.fault_at = fault_at_.wall;
    for (const std::string& late : result_.stragglers.evidence)
      result_.verdict.invariants_broken.push_back({"I1", late});
    if (!result_.stragglers.evidence.empty()) result_.verdict.objectives_met = false;
    return Done{};
  }

  void check_story() {
    const Story& story = result_.story;
    const auto decided = [&](int row) {
      return std::find(fault_.rows.begin(), fault_.rows.end(), row) != fault_.rows.end();
    };
    if (fault_.planned) {
      check_planned_move();
    } else if (fault_.expected == Outcome::fails_over && fault_.rows.empty()) {
      require(story.failovers == 0, "a failover was started besides what was ordered");
      check_that_it_was_promoted_once();
    } else if (fault_.expected == Outcome::fails_over) {
      require(story.failover_row && decided(*story.failover_row),
              fmt::format("the failover was decided by row {}", story.failover_row.value_or(0)));
      require(story.failovers == 1, fmt::format("{} failovers were started", story.failovers));
      check_that_it_was_promoted_once();
    } else if (!fault_.asks) {
      require(story.failovers == 0, fmt::format("{} failovers were started", story.failovers));
      require(fault_.rows.empty() || std::any_of(story.rows.begin(), story.rows.end(), decided),
              "the table did not reach the expected row");
    }
    require(fault_.tells.empty() || tells(story),
            fmt::format("nobody was told that it \"{}\"", fault_.tells));
    if (fault_.name == "none" || fault_.spares_active)
      require(story.self_fencings == 0,
              fmt::format("{} fenced itself {} times", region_, story.self_fencings));
    if (fault_.name == "region-freeze") {
      const StragglerCount& crowd = result_.stragglers;
      require(crowd.sessions >= 50, "fewer than 50 sessions were open on PostgreSQL");
      require(crowd.sessions_committing > 0, "no session was in COMMIT when the region froze");
      require(crowd.requests >= 50, "fewer than 50 requests were in flight");
    }
  }

  void check_planned_move() {
    const Verdict& verdict = result_.verdict;
    require(result_.story.failovers == 0, "a failover was started besides");
    require(verdict.failed == 0, fmt::format("{} orders failed", verdict.failed));
    require(verdict.lost_acked == 0, "orders were lost");
    if (options_.judge_times) {
      require(verdict.latency_max_ms < kLongestWait.count(),
              fmt::format("an order waited {} ms", verdict.latency_max_ms));
    }
    check_that_it_was_promoted_once();
  }

  /// What happened must be proved by the record that the stack itself leaves.
  void check_records() {
    if (fault_.expected != Outcome::fails_over && !result_.asked) return;
    const auto holds = records_hold(stage_->site(), kRecord);
    require(holds.ok(), holds ? "" : "the incident record: " + holds.error().what);
    if (holds) result_.records = *holds;
  }

  /// However often the order to promote was given.
  void check_that_it_was_promoted_once() {
    const std::string target = topology_.other(region_).name;
    const auto status = stage_->agent_status(target);
    const bool known = status && status->database;
    require(known, target + "'s database does not answer after the drill");
    if (known) {
      require(status->database->timeline == kFirstTimeline + 1,
              fmt::format("{} is in timeline {}", target, status->database->timeline));
    }
  }

  /// When the public ingress was seen to lead to the other region.
  std::optional<BootTime> ready_at() const {
    for (const Phase& phase : result_.story.phases) {
      if (phase.name == kReadinessPhase) return fault_at_.boot + milliseconds(phase.at_ms);
    }
    return std::nullopt;
  }

  /// What people see who do not buy.
  void check_audience() {
    const AudienceSeen& seen = result_.audience;
    if (fault_.expected != Outcome::fails_over && !fault_.spares_active) return;
    if (fault_.asks) return;  // nobody serves until a person has answered
    // What the CDN and the watchers wait for are time-outs: on a machine that is too busy they tell
    // of the machine.
    if (!options_.judge_times) return;
    require(seen.cached.errors == 0 && seen.dynamic.errors == 0,
            fmt::format("{} pages failed at the CDN", seen.cached.errors + seen.dynamic.errors));
    if (fault_.expected != Outcome::fails_over) return;
    require(seen.watchers_back == seen.watchers,
            fmt::format("{} of {} watchers of the seat feed heard of it again", seen.watchers_back,
                        seen.watchers));
    if (fault_.objectives) return;
    require(seen.back_p99_ms.value_or(0) <= kFeedBack.count(),
            fmt::format("watchers of the seat feed were back {} ms after readiness (p99)",
                        seen.back_p99_ms.value_or(0)));
    require(seen.dynamic.longest_ms <= kPageDelay.count(),
            fmt::format("a page took {} ms", seen.dynamic.longest_ms));
  }

  void end_it() {
    const std::string folder = stage_->folder();
    const std::string memory = stage_->site().layout().memory();
    if (!options_.evidence_folder.empty()) {
      std::error_code code;
      std::filesystem::create_directories(options_.evidence_folder, code);
      std::filesystem::copy_file(folder + "/clients.jsonl",
                                 options_.evidence_folder + "/" + run_name_ + ".jsonl", code);
      require(!code, "the clients' record could not be copied to " + options_.evidence_folder);
    }
    buyers_.reset();
    audience_.reset();
    lag_watch_.reset();
    disk_watch_.reset();
    const bool keep = options_.keep || (options_.keep_failed && !result_.passed());
    if (keep) {
      stage_->keep();
      result_.folder = folder;
    }
    auto struck = stage_->strike();
    require(struck.ok(), struck ? "" : struck.error().what);
    require(!file::exists(memory), memory + " was left behind");
    require(keep || !file::exists(folder), folder + " was left behind");
  }

  const Fault& fault_;
  Topology topology_;
  const DrillOptions& options_;
  const Say& say_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<LedgerWriter> ledger_;
  std::unique_ptr<Buyers> buyers_;
  std::unique_ptr<LagWatch> lag_watch_;
  std::unique_ptr<DiskWatch> disk_watch_;
  std::unique_ptr<Audience> audience_;
  std::unique_ptr<Stragglers> stragglers_;
  std::string run_name_;
  std::string region_;
  Instant fault_at_;
  Injected injected_;
  DrillResult result_;
};

}  // namespace

Result<DrillResult> run_drill(const Fault& fault, const Topology& topology,
                              const DrillOptions& options, const Say& say) {
  return Run(fault, topology, options, say).play();
}

}  // namespace understudy::drill
