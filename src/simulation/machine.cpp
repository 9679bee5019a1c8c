#include "simulation/machine.h"

#include <algorithm>
#include <limits>

#include "base/ensure.h"
#include "simulation/fiber.h"

namespace understudy::simulation {

namespace {

/// What every boot clock shows when its machine has just booted, and every right wall clock when
/// the history begins.
constexpr Duration kJustBooted = std::chrono::seconds(1);
constexpr Duration kWallAtStart = std::chrono::seconds(1'700'000'000);
constexpr std::int64_t kMillion = 1'000'000;
/// Lengths that may be multiplied by a million, or by any drift: all but those of hours.
constexpr Duration::rep kShort = std::numeric_limits<Duration::rep>::max() / kMillion;
__extension__ using Wide = __int128;

class ProcessSignal final : public Signal {
 public:
  explicit ProcessSignal(Process& process) : process_(process) {}

  void notify() override {
    if (waiting_) {
      scheduler().wake(*waiting_);
      waiting_.reset();
    } else {
      notified_ = true;
    }
  }

  bool wait_until(BootTime deadline) override {
    if (std::exchange(notified_, false)) return true;
    if (process_.machine().boot() >= deadline) return false;
    waiting_ = scheduler().self();
    const bool woken = scheduler().wait_until(process_.machine().true_time(deadline));
    waiting_.reset();
    return woken || std::exchange(notified_, false);
  }

 private:
  Scheduler& scheduler() { return process_.machine().scheduler(); }
  Process& process_;
  std::optional<Waiter> waiting_;
  bool notified_ = false;
};

}  // namespace

/// What its clock makes of a length.
Duration Machine::by_its_clock(Duration::rep real) const {
  if (real < kShort) return Duration(real + real * drift_ppm_ / kMillion);
  return Duration(real + real / kMillion * drift_ppm_ + real % kMillion * drift_ppm_ / kMillion);
}

BootTime Machine::boot_at(TrueTime time) const {
  return BootTime(kJustBooted + by_its_clock((time - booted_).count()));
}

WallTime Machine::wall() const {
  return WallTime(kWallAtStart + wall_offset_ +
                  by_its_clock(scheduler_.now().time_since_epoch().count()));
}

TrueTime Machine::true_time(BootTime time) const {
  if (time == BootTime::max()) return TrueTime::max();
  const auto shown = (time.time_since_epoch() - kJustBooted).count();
  const auto real = shown < kShort ? shown * kMillion / (kMillion + drift_ppm_)
                                   : static_cast<Duration::rep>(static_cast<Wide>(shown) *
                                                                kMillion / (kMillion + drift_ppm_));
  TrueTime candidate = booted_ + Duration(real - 2);  // boot_at() rounds down, twice
  while (boot_at(candidate) < time) candidate += Duration(1);
  return candidate;
}

void Machine::freeze() { frozen_ = true; }

void Machine::thaw() {
  frozen_ = false;
  for (Process* process : processes_) process->unpark();
}

void Machine::cut_waits_short() {
  for (Process* process : processes_) {
    for (Fiber* fiber : process->fibers_) scheduler_.wake({fiber, fiber->ticket}, false);
  }
}

void Machine::power_off() {
  for (Process* process : processes_) process->kill();
  on_ = false;
  frozen_ = false;
}

void Machine::power_on() {
  if (on_) return;
  on_ = true;
  ++boots_;
  booted_ = scheduler_.now();
}

Process::Process(Machine& machine, std::string name) : machine_(machine), name_(std::move(name)) {
  machine_.processes_.push_back(this);
}

Process::~Process() {
  kill();
  std::erase(machine_.processes_, this);
}

void Process::start() {
  ensure(!alive_ && machine_.on_, "only a dead process starts, on a machine that is on");
  alive_ = true;
  frozen_ = false;
  stalled_ = false;
  ++life_;
}

void Process::kill() {
  if (!alive_) return;
  alive_ = false;
  frozen_ = false;
  stalled_ = false;
  stall_over_.reset();
  parked_.clear();
  while (!fibers_.empty()) machine_.scheduler_.unwind(*fibers_.back());
  if (on_death) on_death();
}

void Process::thaw() {
  frozen_ = false;
  unpark();
}

void Process::unpark() {
  Scheduler& scheduler = machine_.scheduler_;
  if (stall_over_ && alive_ && !frozen_ && !machine_.frozen_) {
    // The one that stood still goes on before all others: it may hold a lock that they want.
    stalled_ = false;
    scheduler.go_on(*std::exchange(stall_over_, std::nullopt));
  }
  if (!runs()) return;
  for (Parked& parked : std::exchange(parked_, {})) {
    if (parked.act) {
      scheduler.at(scheduler.now(), [this, life = life_, act = std::move(parked.act)]() mutable {
        if (life == life_) deliver(std::move(act));
      });
    } else {
      scheduler.wake(parked.waiter, parked.woken);
    }
  }
}

void Process::spawn(Act&& body) {
  if (alive_) machine_.scheduler_.spawn(*this, std::move(body));
}

void Process::set_stalls(Dice& dice, std::uint64_t calls, Duration longest) {
  stall_dice_ = &dice;
  stall_calls_ = calls;
  stall_longest_ = longest;
  until_stall_ = calls == 0 ? 0 : 1 + dice.below(2 * calls);
}

void Process::maybe_stall() {
  if (until_stall_ == 0 || --until_stall_ != 0) return;
  until_stall_ = 1 + stall_dice_->below(2 * stall_calls_);
  Scheduler& scheduler = machine_.scheduler_;
  if (!scheduler.in_fiber() || !runs()) return;
  stalled_ = true;
  const Waiter me = scheduler.self();
  const auto length = stall_dice_->between(Duration(1), stall_longest_);
  scheduler.after(length, [this, me, life = life_] {
    if (life != life_ || !alive_) return;
    stall_over_ = me;
    unpark();
  });
  (void)scheduler.wait_until(TrueTime::max());
}

void ProcessClock::sleep_until(BootTime time) {
  Machine& machine = process_.machine();
  // A turn for the others even if the time has come.
  Scheduler& scheduler = machine.scheduler();
  (void)scheduler.wait_until(std::max(machine.true_time(time), scheduler.now()));
}

std::unique_ptr<Signal> ProcessTasks::signal() { return std::make_unique<ProcessSignal>(process_); }

}  // namespace understudy::simulation
