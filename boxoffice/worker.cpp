#include "worker.h"

#include <fmt/format.h>

#include <variant>

namespace understudy::boxoffice {
namespace {

using namespace std::chrono_literals;

/// Few enough that what a dying region leaves claimed and unsent can be looked through by a person.
constexpr unsigned kThreads = 4;
constexpr std::size_t kBatch = 8;
/// A claim's length, and how far into it a row's messages may still begin to leave: both have ended
/// before anybody else may claim the row (Postbox waits 12 s for each at most).
constexpr std::chrono::seconds kLease = 60s;
constexpr auto kBeginWithin = 25s;
constexpr auto kStopWithin = 2s;

constexpr auto kLookEvery = 1s;  ///< when nobody rings: also what is due again
constexpr auto kStandbyPatience = 1s;
constexpr auto kStandbyLookEvery = 10ms;
constexpr std::chrono::seconds kHeldBackFor = 2s;
constexpr int kSettlingsMax = 3;

constexpr std::string_view kOrderSold = "order.sold";

int weight(After after) {
  return after == After::unknown ? 2 : after == After::unchanged_final ? 1 : 0;
}

}  // namespace

struct Worker::Message {
  MessageClaim claim;
  std::variant<Mail, Text> content;
};

/// A job with its messages, and what has become of them so far.
struct Worker::Work {
  Job job;
  std::vector<Message> messages;
  Sendings sendings;
  std::optional<Error> error;  ///< the one that decides what becomes of the job

  void add(std::string_view medium, std::variant<Mail, Text> content) {
    const std::string id = std::visit([](const auto& each) { return each.message_id; }, content);
    messages.push_back({{job.ticket.order, std::string(medium), id, ""}, std::move(content)});
  }
  void went_wrong(Error with) {
    if (!error || weight(with.after) > weight(error->after)) error = std::move(with);
  }
  [[nodiscard]] WideEvent event() const {
    return WideEvent().add("outbox", job.id).add("order", job.ticket.order);
  }
};

Worker::Worker(Outbox& outbox, const Postbox& postbox, const WriterPage& page, WideEvents& events,
               std::string platform)
    : outbox_(outbox),
      postbox_(postbox),
      page_(page),
      events_(events),
      platform_(std::move(platform)) {
  for (unsigned i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

Worker::~Worker() { stop(); }

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) stopped_ = Steady::now();
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Worker::ring() {
  {
    const std::lock_guard lock(mutex_);
    ++rings_;
  }
  changed_.notify_all();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const std::uint64_t heard = rings_;
    lock.unlock();
    const std::size_t taken = take_some();
    lock.lock();
    if (taken == 0)
      changed_.wait_for(lock, kLookEvery, [&] { return stopped_ || rings_ != heard; });
  }
}

bool Worker::is_too_late(Steady::time_point began) {
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  return now > began + kBeginWithin || (stopped_ && now > *stopped_ + kStopWithin);
}

/// Said once, not every second for as long as the other region is active.
void Worker::say_closed(const Permission& permission) {
  if (was_open_.exchange(false))
    events_.write("worker.waiting",
                  WideEvent().add("epoch", permission.epoch).add("error", permission.reason));
}

/// How many rows were claimed.
std::size_t Worker::take_some() {
  const Permission permission = page_.judge();
  if (!permission.open) {
    say_closed(permission);
    return 0;
  }
  was_open_ = true;
  const auto began = Steady::now();
  auto jobs = outbox_.claim(kBatch, kLease, permission);
  if (!jobs) {
    // Unknown is no claim: its rows are due again when the lease is over.
    events_.write("worker.failed", WideEvent().add("error", jobs.error().what));
    return 0;
  }
  std::vector<Work> batch;
  for (Job& job : *jobs) batch.push_back({std::move(job), {}, {}, {}});
  if (!batch.empty() && !claim_messages(batch, permission)) return 0;
  for (Work& work : batch) {
    if (!page_.still_permits(permission))
      events_.write("worker.lease_ended", work.event());  // nothing can be written any more, either
    else if (is_too_late(began))
      put_back(work, "too late to begin", permission);
    else
      carry_out(work, permission);
  }
  return batch.size();
}

/// False: not one of them may be sent, and the batch has been put back if that was possible.
bool Worker::claim_messages(std::vector<Work>& batch, const Permission& permission) {
  std::vector<MessageClaim> claims;
  for (Work& work : batch) {
    if (work.job.kind != kOrderSold) continue;
    work.add("mail", mail_of(work.job.ticket, platform_));
    if (auto text = text_of(work.job.ticket, platform_)) work.add("text", std::move(*text));
    for (const Message& message : work.messages) claims.push_back(message.claim);
  }
  if (claims.empty()) return true;
  const auto claimed = outbox_.claim_messages(claims, permission);
  if (!claimed) {
    // They may be claimed or not; when the rows are due again, that is seen.
    events_.write("worker.failed", WideEvent().add("error", claimed.error().what));
    return false;
  }
  auto next = claimed->messages.begin();
  for (Work& work : batch)
    for (Message& message : work.messages) message.claim = *next++;
  if (may_send(claimed->log_position, permission)) return true;
  for (const Work& work : batch) put_back(work, "the standby has not seen the claim", permission);
  return false;
}

/// See the class. The page is judged after the claim's commit: a standby that is attached later
/// starts from a copy that has the claim.
bool Worker::may_send(const std::string& log_position, const Permission& permission) {
  const auto until = Steady::now() + kStandbyPatience;
  for (;;) {
    const Permission now = page_.judge();
    if (!now.open || now.epoch != permission.epoch || now.term != permission.term) return false;
    const bool endless = !now.until_ns;
    if (endless) return true;
    const auto seen = outbox_.standby_has(log_position);
    if (seen && *seen) return true;
    if (Steady::now() >= until) return false;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kStandbyLookEvery);
  }
}

void Worker::put_back(const Work& work, std::string_view why, const Permission& permission) {
  Sendings sendings;
  for (const Message& message : work.messages)
    if (message.claim.outcome == "claimed") sendings.not_sent.push_back(message.claim.medium);
  const auto done = outbox_.put_back(work.job, sendings, kHeldBackFor, permission);
  WideEvent event = work.event().add("why", why);
  if (!done) event.add("error", done.error().what);
  events_.write("worker.put_back", event);
}

void Worker::carry_out(Work& work, const Permission& permission) {
  if (work.messages.empty())
    work.went_wrong({After::unchanged_final,
                     fmt::format("no work is known for the kind \"{}\"", work.job.kind)});
  for (const Message& message : work.messages) {
    const auto sent = send(work, message);
    const std::string& medium = message.claim.medium;
    if (sent) {
      work.sendings.sent.push_back(medium);
      continue;
    }
    if (sent.error().after != After::unknown) work.sendings.not_sent.push_back(medium);
    work.went_wrong(within(medium, sent.error()));
  }
  settle(work, permission);
}

Result<Done> Worker::send(const Work& work, const Message& message) const {
  if (message.claim.outcome == "sent") return Done{};
  if (message.claim.outcome != "claimed")
    return Error{After::unknown,
                 fmt::format("an earlier try of <{}> may have been sent; it was never confirmed",
                             message.claim.message_id)};
  const auto began = Steady::now();
  auto sent =
      std::visit([this](const auto& content) { return postbox_.send(content); }, message.content);
  const std::chrono::duration<double, std::milli> took = Steady::now() - began;
  WideEvent event = work.event();
  event.add("message_id", message.claim.message_id).add("ms", took.count());
  if (!sent) event.add("after", to_string(sent.error().after)).add("error", sent.error().what);
  events_.write(sent ? "message.sent" : "message.failed", event);
  return sent;
}

/// Writes down what became of the job. If that cannot be written, the row is due again when its
/// lease is over, and found with messages of which nobody knows.
void Worker::settle(const Work& work, const Permission& permission) {
  std::optional<std::chrono::seconds> wait;
  if (work.error && work.error->after == After::unchanged_retry)
    wait = retry_after(work.job.failures + 1);
  Result<bool> settled = false;
  for (int i = 0; i < kSettlingsMax; ++i) {
    settled = work.error ? outbox_.fail(work.job, work.sendings, work.error->what, wait, permission)
                         : outbox_.finish(work.job, work.sendings, permission);
    if (settled || settled.error().after == After::unchanged_final) break;
  }
  if (!settled)
    events_.write("worker.settling_failed", work.event().add("error", settled.error().what));
  else if (work.error && !wait)
    events_.write("outbox.dead_letter", work.event().add("error", work.error->what));
}

}  // namespace understudy::boxoffice
