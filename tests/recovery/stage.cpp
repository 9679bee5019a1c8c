#include "stage.h"

#include <cstdio>
#include <utility>

#include "base/ensure.h"

namespace understudy::fake {

namespace {
/// Some instants, so that neither clock starts at zero.
constexpr BootTime kBootStart{std::chrono::hours(5)};
constexpr Duration kWallAtBoot = std::chrono::hours(24 * 365 * 55);
/// More turns than this without any time passing: something spins.
constexpr std::uint64_t kTurnsMax = 200'000;
}  // namespace

class Stage::StageSignal final : public Signal {
 public:
  explicit StageSignal(Stage& stage) : stage_(stage) {}
  void notify() override {
    const std::lock_guard held(stage_.lock_);
    notified_ = true;
    if (waiting_ != nullptr) stage_.make_ready(*waiting_);
    waiting_ = nullptr;
  }
  bool wait_until(BootTime deadline) override {
    std::unique_lock held(stage_.lock_);
    if (!notified_) {
      waiting_ = stage_.current_;
      stage_.sleep(held, deadline);
      waiting_ = nullptr;
    }
    return std::exchange(notified_, false);
  }

 private:
  Stage& stage_;
  Task* waiting_ = nullptr;
  bool notified_ = false;
};

Stage::Stage() : now_(kBootStart) {
  Task& self = tasks_.emplace_back();
  self.name = "the test";
  self.on = true;
  current_ = &self;
}

Stage::~Stage() { finish(); }

BootTime Stage::boot() const {
  const std::lock_guard held(lock_);
  return now_;
}

WallTime Stage::wall() const {
  const std::lock_guard held(lock_);
  return WallTime(now_.time_since_epoch() + kWallAtBoot + wall_offset_);
}

void Stage::sleep_until(BootTime time) {
  std::unique_lock held(lock_);
  sleep(held, time);
}

/// Expects the lock held. Gives every task that is ready its turn first, even if `time` has passed.
void Stage::sleep(std::unique_lock<std::mutex>& held, BootTime time) {
  Task& self = *current_;
  self.wake = time;
  self.order = ++order_;
  if (time <= now_) {
    ready_.push_back(&self);
  } else {
    asleep_.insert(&self);
  }
  wait(held, self);
}

void Stage::wait(std::unique_lock<std::mutex>& held, Task& self) {
  self.on = false;
  pass_on(held);
  self.turn.wait(held, [&] { return self.on; });
}

/// Expects the lock held: hands the baton to whoever is next.
void Stage::pass_on(std::unique_lock<std::mutex>&) {
  if (ready_.empty()) {
    ensure(!asleep_.empty(), "somebody on the stage is alive");
    Task* next = *asleep_.begin();
    if (next->wake > now_) turns_at_now_ = 0;
    now_ = std::max(now_, next->wake);
    make_ready(*next);
  }
  current_ = ready_.front();
  ready_.pop_front();
  if (++turns_at_now_ > kTurnsMax) {
    std::fprintf(stderr, "task \"%s\" spins without any time passing\n", current_->name.c_str());
    std::abort();
  }
  current_->on = true;
  current_->turn.notify_one();
}

/// Expects the lock held.
void Stage::make_ready(Task& task) {
  if (asleep_.erase(&task) > 0) ready_.push_back(&task);
}

void Stage::spawn(const std::string& name, std::function<void()> body) {
  ensure(name.size() <= 15, "a task's name has at most 15 characters");
  const std::lock_guard held(lock_);
  ++alive_;
  Task& task = tasks_.emplace_back();
  task.name = name;
  ready_.push_back(&task);
  task.thread = std::thread([this, &task, body = std::move(body)] {
    {
      std::unique_lock mine(lock_);
      task.turn.wait(mine, [&] { return task.on; });
    }
    body();
    std::unique_lock mine(lock_);
    --alive_;
    pass_on(mine);
  });
}

std::unique_ptr<Signal> Stage::signal() { return std::make_unique<StageSignal>(*this); }

bool Stage::run_until(const std::function<bool()>& there, Duration limit) {
  const BootTime give_up = boot() + limit;
  while (!there()) {
    if (boot() >= give_up) return false;
    run_for(milliseconds(1));
  }
  return true;
}

void Stage::finish() {
  const BootTime give_up = boot() + std::chrono::hours(1);
  const auto alive = [this] {
    const std::lock_guard held(lock_);
    return alive_;
  };
  while (alive() > 0) {
    if (boot() >= give_up) {
      std::fprintf(stderr, "a task on the stage does not end\n");
      std::abort();
    }
    run_for(milliseconds(10));
  }
  for (Task& task : tasks_) {
    if (task.thread.joinable()) task.thread.join();
  }
}

}  // namespace understudy::fake
