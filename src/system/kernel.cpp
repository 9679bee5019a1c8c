#include "system/kernel.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <fstream>
#include <list>
#include <mutex>
#include <thread>

#include "base/ensure.h"

namespace understudy {

namespace {

Duration read_clock(clockid_t which) {
  timespec now{};
  clock_gettime(which, &now);
  return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

class KernelClock final : public Clock {
 public:
  KernelClock() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::getline(file, boot_id_);
  }
  BootTime boot() const override { return BootTime(read_clock(CLOCK_BOOTTIME)); }
  WallTime wall() const override { return WallTime(read_clock(CLOCK_REALTIME)); }
  std::string boot_id() const override { return boot_id_; }
  void sleep_until(BootTime time) override {
    const auto since = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const timespec until{seconds.count(), static_cast<long>((since - seconds).count())};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
  }

 private:
  std::string boot_id_;
};

class KernelRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t number = 0;
    ssize_t got = 0;
    do got = getrandom(&number, sizeof number, 0);
    while (got < 0 && errno == EINTR);
    ensure(got == sizeof number, "the kernel gives random numbers");
    return number;
  }
};

class ThreadSignal final : public Signal {
 public:
  void notify() override {
    {
      const std::lock_guard held(lock_);
      notified_ = true;
    }
    changed_.notify_one();
  }
  bool wait_until(BootTime deadline) override {
    // Waits by lengths of the monotonic clock: condition variables know no boot-time clock. After a
    // suspension it wakes late by at most one second.
    std::unique_lock held(lock_);
    while (!notified_) {
      const Duration rest = deadline.time_since_epoch() - read_clock(CLOCK_BOOTTIME);
      if (rest <= Duration::zero()) return false;
      changed_.wait_for(held, std::min<Duration>(rest, std::chrono::seconds(1)));
    }
    notified_ = false;
    return true;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool notified_ = false;
};

class Threads final : public Tasks {
 public:
  ~Threads() override {
    // A task may still spawn another while it is waited for.
    while (true) {
      std::list<Running> last;
      {
        const std::lock_guard held(lock_);
        last.swap(running_);
      }
      if (last.empty()) return;
      for (Running& task : last) task.thread.join();
    }
  }

  void spawn(const std::string& name, std::function<void()> body) override {
    ensure(name.size() <= 15, "a task's name has at most 15 characters");
    const std::lock_guard held(lock_);
    running_.remove_if([](Running& task) {
      if (!*task.ended) return false;
      task.thread.join();
      return true;
    });
    auto ended = std::make_shared<std::atomic<bool>>(false);
    running_.push_back({std::thread([name, body = std::move(body), ended] {
                          pthread_setname_np(pthread_self(), name.c_str());
                          body();
                          *ended = true;
                        }),
                        ended});
  }

  std::unique_ptr<Signal> signal() override { return std::make_unique<ThreadSignal>(); }

 private:
  struct Running {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> ended;
  };
  std::mutex lock_;
  std::list<Running> running_;
};

}  // namespace

std::unique_ptr<Clock> make_kernel_clock() { return std::make_unique<KernelClock>(); }
std::unique_ptr<Random> make_kernel_random() { return std::make_unique<KernelRandom>(); }
std::unique_ptr<Tasks> make_threads() { return std::make_unique<Threads>(); }

}  // namespace understudy
