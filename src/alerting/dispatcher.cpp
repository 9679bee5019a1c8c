#include "alerting/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace understudy::alerting {

namespace {

constexpr std::size_t kWaitingMax = 100;
constexpr Duration kRetryFirst = std::chrono::seconds(1);
constexpr Duration kRetryMost = std::chrono::seconds(60);
constexpr Duration kGiveUpAfter = std::chrono::minutes(15);
constexpr Duration kIdle = std::chrono::hours(1);

}  // namespace

struct Dispatcher::Outbox {
  Outbox(Target of, std::unique_ptr<Signal> wake)
      : target(std::move(of)), signal(std::move(wake)) {}
  Target target;
  const std::unique_ptr<Signal> signal;
  std::deque<Message> waiting;  ///< the first one may be under way
  bool under_way = false;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::string problem;
};

std::vector<Target> make_targets(const AlertSettings& settings) {
  std::vector<Target> targets;
  for (const AlertTarget& each : settings.targets)
    targets.push_back({each.name, kind_of(each), make_delivery(each)});
  return targets;
}

Dispatcher::Dispatcher(std::string platform, Duration repeat_interval, std::vector<Target> targets,
                       Events& events, Clock& clock, Tasks& tasks)
    : platform_(std::move(platform)),
      events_(events),
      clock_(clock),
      tasks_(tasks),
      ended_(tasks.signal()),
      repeats_(repeat_interval) {
  for (Target& target : targets)
    outboxes_.push_back(std::make_shared<Outbox>(std::move(target), tasks.signal()));
  senders_ = outboxes_.size();
  for (const auto& outbox : outboxes_) {
    tasks.spawn("alert-sender", [this, outbox, ended = ended_] {
      send_to(*outbox);
      {
        const std::lock_guard held(lock_);
        --senders_;
      }
      ended->notify();  // this may be gone by now
    });
  }
}

Dispatcher::~Dispatcher() {
  stop();
  while (true) {
    {
      const std::lock_guard held(lock_);
      if (senders_ == 0) return;
    }
    ended_->wait_until(clock_.boot() + kIdle);
  }
}

Message Dispatcher::message_of(const Alert& alert) const {
  return {.platform = platform_, .at = clock_.wall(), .alert = alert};
}

void Dispatcher::raise(const Alert& alert) {
  const BootTime now = clock_.boot();
  std::optional<std::uint64_t> more;
  {
    const std::lock_guard held(lock_);
    more = repeats_.note(alert, now);
  }
  if (!more) return;
  events_.emit("alert.raised", {{"subject", alert.subject},
                                {"done", alert.done},
                                {"ask", alert.ask},
                                {"key", alert.key},
                                {"more", *more}});
  Message message = message_of(alert);
  message.more = *more;
  for (const auto& outbox : outboxes_) enqueue(*outbox, message);
}

void Dispatcher::enqueue(Outbox& outbox, Message message) {
  std::optional<Message> dropped;
  {
    const std::lock_guard held(lock_);
    if (stopped_) {
      dropped = std::move(message);
    } else {
      if (outbox.waiting.size() >= kWaitingMax) {
        // The first one may be under way: then it is the second that goes.
        const auto oldest = outbox.waiting.begin() + (outbox.under_way ? 1 : 0);
        dropped = std::move(*oldest);
        outbox.waiting.erase(oldest);
      }
      outbox.waiting.push_back(std::move(message));
    }
  }
  outbox.signal->notify();
  if (dropped) lose(outbox, *dropped, "too many were waiting, or the program was ended");
}

/// The other targets are told, but not of what was lost on the way to tell of a loss.
void Dispatcher::lose(Outbox& outbox, const Message& message, const std::string& why) {
  {
    const std::lock_guard held(lock_);
    ++outbox.lost;
  }
  const std::string& name = outbox.target.name;
  events_.emit("alert.lost", {{"target", name},
                              {"key", message.alert.key},
                              {"subject", message.alert.subject},
                              {"why", why}});
  const std::string key = "alerts.lost.";
  if (message.alert.key.starts_with(key)) return;
  const Alert told{.subject = "alerts do not reach " + name,
                   .done = "gave up on one: " + why,
                   .ask = "mend the target; then understudy alert --test --to " + name,
                   .key = key + name};
  {
    const BootTime now = clock_.boot();
    const std::lock_guard held(lock_);
    if (!repeats_.note(told, now)) return;
  }
  for (const auto& other : outboxes_) {
    if (other.get() != &outbox) enqueue(*other, message_of(told));
  }
}

void Dispatcher::send_to(Outbox& outbox) {
  while (true) {
    std::optional<Message> next;
    {
      const std::lock_guard held(lock_);
      if (stopped_) return;
      outbox.under_way = !outbox.waiting.empty();
      if (outbox.under_way) next = outbox.waiting.front();
    }
    if (!next) {
      outbox.signal->wait_until(clock_.boot() + kIdle);
      continue;
    }
    if (!settle(outbox, *next)) return;
    const std::lock_guard held(lock_);
    if (!stopped_) outbox.waiting.pop_front();
  }
}

bool Dispatcher::settle(Outbox& outbox, const Message& message) {
  const BootTime first = clock_.boot();
  for (unsigned tries = 1; !attempt(outbox, message, tries, first); ++tries) {
    const Duration pause = std::min(kRetryMost, kRetryFirst * (1U << std::min(tries - 1, 6U)));
    const BootTime again = clock_.boot() + pause;
    while (clock_.boot() < again) {
      outbox.signal->wait_until(again);
      const std::lock_guard held(lock_);
      if (stopped_) return false;
    }
  }
  return true;
}

bool Dispatcher::attempt(Outbox& outbox, const Message& message, unsigned tries, BootTime first) {
  auto delivered = outbox.target.delivery->deliver(message);
  {
    const std::lock_guard held(lock_);
    outbox.problem = delivered ? "" : delivered.error().what;
    if (delivered) ++outbox.delivered;
  }
  if (delivered) {
    events_.emit("alert.delivered",
                 {{"target", outbox.target.name}, {"key", message.alert.key}, {"attempts", tries}});
    return true;
  }
  const bool final = delivered.error().after == After::unchanged_final;
  if (!final && clock_.boot() - first < kGiveUpAfter) return false;
  lose(outbox, message, delivered.error().what);
  return true;
}

boost::json::array Dispatcher::view() const {
  boost::json::array all;
  const std::lock_guard held(lock_);
  for (const auto& outbox : outboxes_) {
    all.push_back(boost::json::object{{"name", outbox->target.name},
                                      {"kind", outbox->target.kind},
                                      {"waiting", outbox->waiting.size()},
                                      {"delivered", outbox->delivered},
                                      {"lost", outbox->lost},
                                      {"problem", outbox->problem}});
  }
  return all;
}

std::vector<Dispatcher::Tested> Dispatcher::test(const std::string& name, const std::string& who) {
  Message message = message_of({.subject = "alerts reach this target",
                                .done = "sent a test, as " + who + " asked it to",
                                .ask = "",
                                .key = "test"});
  message.test = true;
  struct Trial {
    std::shared_ptr<Outbox> outbox;
    std::optional<Result<Done>> result;
  };
  // Shared with the tasks, which outlive this call if an attempt takes too long after all.
  auto trials = std::make_shared<std::vector<Trial>>();
  auto left = std::make_shared<std::size_t>(0);
  auto lock = std::make_shared<std::mutex>();
  const std::shared_ptr<Signal> ended = tasks_.signal();
  for (const auto& outbox : outboxes_) {
    if (name.empty() || outbox->target.name == name) trials->push_back({outbox, {}});
  }
  *left = trials->size();
  for (std::size_t i = 0; i < trials->size(); ++i) {
    tasks_.spawn("alert-test", [=, outbox = (*trials)[i].outbox] {
      auto delivered = outbox->target.delivery->deliver(message);
      {
        const std::lock_guard held(*lock);
        (*trials)[i].result = std::move(delivered);
        --*left;
      }
      ended->notify();
    });
  }
  const BootTime give_up = clock_.boot() + kAttemptMax + std::chrono::seconds(2);
  const auto waits = [&] {
    const std::lock_guard held(*lock);
    return *left > 0;
  };
  while (waits() && clock_.boot() < give_up) ended->wait_until(give_up);
  std::vector<Tested> tested;
  const std::lock_guard held(*lock);
  for (const Trial& trial : *trials) {
    const auto& target = trial.outbox->target;
    const std::string problem = !trial.result        ? "no answer in time"
                                : trial.result->ok() ? ""
                                                     : trial.result->error().what;
    tested.push_back({target.name, target.kind, problem});
  }
  return tested;
}

void Dispatcher::stop() {
  std::vector<std::pair<std::shared_ptr<Outbox>, Message>> left;
  {
    const std::lock_guard held(lock_);
    if (stopped_) return;
    stopped_ = true;
    for (const auto& outbox : outboxes_) {
      for (Message& message : outbox->waiting) left.emplace_back(outbox, std::move(message));
      outbox->waiting.clear();
    }
  }
  for (const auto& [outbox, message] : left) {
    events_.emit("alert.lost", {{"target", outbox->target.name},
                                {"key", message.alert.key},
                                {"subject", message.alert.subject},
                                {"why", "the program was ended"}});
  }
  for (const auto& outbox : outboxes_) outbox->signal->notify();
}

}  // namespace understudy::alerting
