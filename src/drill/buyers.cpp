#include "drill/buyers.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <array>
#include <boost/json.hpp>
#include <csignal>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

#include "drill/answer.h"
#include "drill/transfers.h"

namespace understudy::drill {
namespace {

/// From how late on the clients' own delay is worth a line in the ledger.
constexpr Duration kStallMin = milliseconds(50);
constexpr Duration kFarAway = std::chrono::seconds(1);

/// One buyer's order, over all its tries.
struct Order {
  std::uint64_t number = 0;
  std::string key;
  Wish wish;
  unsigned tries = 0;
};

struct Page {
  std::string path;
  Instant scheduled;
};

struct Retry {
  Instant due;
  Order order;
  bool operator<(const Retry& other) const { return due.boot > other.due.boot; }  // soonest on top
};

/// Acknowledgements of the last second, in slots of 100 ms.
class LastSecond {
 public:
  void count(BootTime at) {
    const auto slot = slot_of(at);
    auto& cell = cells_[slot % cells_.size()];
    if (cell.slot != slot) cell = {slot, 0};
    ++cell.count;
  }
  [[nodiscard]] unsigned sum(BootTime now) const {
    const auto slot = slot_of(now);
    unsigned sum = 0;
    for (const auto& cell : cells_) {
      if (cell.slot < slot && cell.slot + 10 >= slot) sum += cell.count;
    }
    return sum;
  }

 private:
  static std::uint64_t slot_of(BootTime at) {
    return static_cast<std::uint64_t>(at.time_since_epoch() / milliseconds(100));
  }
  struct Cell {
    std::uint64_t slot = 0;
    unsigned count = 0;
  };
  std::array<Cell, 16> cells_{};
};

void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

std::string order_body(const Order& order) {
  boost::json::object body;
  body["event"] = order.wish.event;
  body["buyer"] = fmt::format("buyer-{}", order.number);
  if (order.wish.seat) body["seat"] = *order.wish.seat;
  return boost::json::serialize(body);
}

std::optional<std::string> find_fault(const BuyersOptions& options) {
  if (options.run.empty()) return "run: expected a name for this run's keys";
  if (options.order_urls.empty()) return "order_urls: expected at least one URL";
  if (options.orders_per_second == 0) return "orders_per_second: expected at least 1";
  if (options.orders_per_second > 100'000) return "orders_per_second: expected at most 100000";
  if (options.tries_max == 0) return "tries_max: expected at least 1";
  return std::nullopt;
}

}  // namespace

/// The thread and all it owns. Members above the line belong to the loop's thread alone
/// once it runs.
class Buyers::Loop {
 public:
  Loop(BuyersOptions options, LedgerWriter& ledger);
  Result<Done> start();
  void stop(std::chrono::milliseconds patience);
  void send_to(std::vector<std::string> urls);
  Counters counters() const;
  std::optional<Error> failure() const;

 private:
  void run();
  bool finished(BootTime now) const;
  BootTime next_due(BootTime now) const;
  void begin_due(BootTime now);
  void begin_order(Order order, Instant scheduled);
  void begin_page(Instant scheduled);
  void take(std::vector<Finished> finished);
  void take_order(Order order, const Exchange& exchange, Instant received);
  void take_page(const Page& page, const Exchange& exchange, Instant received);
  void watch_own_pulse(BootTime due, Instant now);
  std::string url_for(std::uint64_t number) const;
  void count(std::uint64_t Counters::*what);

  template <class Record>
  void record(const Record& record) {
    auto written = ledger_.write(record);
    if (written) return;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = written.error();
  }

  BuyersOptions options_;
  LedgerWriter& ledger_;
  Transfers transfers_;
  Schedule orders_;
  Schedule pages_;
  Wishes wishes_;
  Wishes page_wishes_;
  Instant started_;
  std::uint64_t next_order_ = 0;
  std::uint64_t next_tag_ = 0;
  std::unordered_map<std::uint64_t, Order> orders_under_way_;
  std::unordered_map<std::uint64_t, Page> pages_under_way_;
  std::priority_queue<Retry> retries_;
  // ------------------------------------------------------------------------------------------
  mutable std::mutex mutex_;
  std::vector<std::string> order_urls_;
  std::optional<BootTime> patience_ends_;  ///< set: no more arrivals
  Counters counters_;
  LastSecond last_second_;
  std::optional<Error> failure_;
  bool started_once_ = false;
  std::mutex joining_;
  std::thread thread_;  ///< under joining_
};

Buyers::Loop::Loop(BuyersOptions options, LedgerWriter& ledger)
    : options_(std::move(options)),
      ledger_(ledger),
      transfers_({options_.timeout, options_.connect_timeout, options_.authority_file}),
      orders_(options_.orders_per_second, options_.arrivals, options_.seed),
      pages_(options_.page_urls.empty() ? 0 : options_.pages_per_second, options_.arrivals,
             options_.seed + 1),
      wishes_(options_.venue, options_.particular_seat_percent, options_.seed + 2),
      page_wishes_(options_.venue, 0, options_.seed + 3),
      order_urls_(options_.order_urls) {}

Result<Done> Buyers::Loop::start() {
  if (auto fault = find_fault(options_)) return Error{After::unchanged_final, "buyers: " + *fault};
  {
    const std::lock_guard lock(mutex_);
    if (started_once_) return Error{After::unchanged_final, "buyers: already started once"};
    started_once_ = true;
  }
  raise_file_limit();
  started_ = read_clocks();
  const std::lock_guard lock(joining_);
  thread_ = std::thread([this] { run(); });
  return Done{};
}

void Buyers::Loop::stop(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    if (!patience_ends_) patience_ends_ = read_clocks().boot + patience;
  }
  transfers_.wake();
  const std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void Buyers::Loop::send_to(std::vector<std::string> urls) {
  ensure(!urls.empty(), "buyers are sent somewhere");
  const std::lock_guard lock(mutex_);
  order_urls_ = std::move(urls);
}

Counters Buyers::Loop::counters() const {
  const auto now = read_clocks().boot;
  const std::lock_guard lock(mutex_);
  auto counters = counters_;
  counters.acknowledged_last_second = last_second_.sum(now);
  return counters;
}

std::optional<Error> Buyers::Loop::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Buyers::Loop::run() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  for (BootTime now = read_clocks().boot; !finished(now); now = read_clocks().boot) {
    const BootTime due = next_due(now);
    if (due > now) take(transfers_.wait(due));
    const Instant woken = read_clocks();
    watch_own_pulse(due, woken);
    begin_due(woken.boot);
  }
  take(transfers_.abandon());  // retries not yet due are dropped: their orders stay unknown
}

bool Buyers::Loop::finished(BootTime now) const {
  const bool idle = transfers_.in_flight() == 0 && retries_.empty();
  const std::lock_guard lock(mutex_);
  if (failure_) return true;
  return patience_ends_ && (idle || now >= *patience_ends_);
}

BootTime Buyers::Loop::next_due(BootTime now) const {
  BootTime due = now + kFarAway;
  if (!retries_.empty()) due = std::min(due, retries_.top().due.boot);
  const std::lock_guard lock(mutex_);
  if (patience_ends_) return std::min(due, *patience_ends_);
  due = std::min(due, started_.boot + orders_.next());
  if (!pages_.silent()) due = std::min(due, started_.boot + pages_.next());
  return due;
}

void Buyers::Loop::begin_due(BootTime now) {
  while (!retries_.empty() && retries_.top().due.boot <= now) {
    Retry retry = retries_.top();
    retries_.pop();
    begin_order(std::move(retry.order), retry.due);
  }
  {
    const std::lock_guard lock(mutex_);
    if (patience_ends_) return;
  }
  while (started_.boot + orders_.next() <= now) {
    const auto number = next_order_++;
    const Instant scheduled = started_ + orders_.next();
    orders_.take();
    count(&Counters::arrivals);
    begin_order(Order{number, fmt::format("{}-{}", options_.run, number), wishes_.next(), 0},
                scheduled);
  }
  while (!pages_.silent() && started_.boot + pages_.next() <= now) {
    const Instant scheduled = started_ + pages_.next();
    pages_.take();
    begin_page(scheduled);
  }
}

std::string Buyers::Loop::url_for(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return order_urls_[number % order_urls_.size()];
}

void Buyers::Loop::begin_order(Order order, Instant scheduled) {
  ++order.tries;
  const auto url = url_for(order.number) + "/api/orders";
  const Instant sent = read_clocks();
  record(Attempt{order.key, order.tries, order.wish.event, order.wish.seat, url, scheduled, sent});
  if (failure()) return;  // what is not written down is not sent
  count(&Counters::attempts);
  if (transfers_.in_flight() >= options_.in_flight_max) {
    const std::string why = "the clients' own limit of requests in flight";
    take_order(std::move(order), Exchange{Delivery::never_sent, 0, "", why}, sent);
    return;
  }
  const auto tag = next_tag_++;
  transfers_.start(
      Transfer{
          url,
          order_body(order),
          {{"Content-Type", "application/json"}, {"Idempotency-Key", order.key}, {"Expect", ""}}},
      tag);
  orders_under_way_.emplace(tag, std::move(order));
}

void Buyers::Loop::begin_page(Instant scheduled) {
  const auto tag = next_tag_++;
  Page page{page_wishes_.next_page(), scheduled};
  if (transfers_.in_flight() >= options_.in_flight_max) {
    take_page(page, Exchange{Delivery::never_sent, 0, "", "too many in flight"}, read_clocks());
    return;
  }
  const auto& base = options_.page_urls[tag % options_.page_urls.size()];
  transfers_.start(Transfer{base + page.path, std::nullopt, {}}, tag);
  pages_under_way_.emplace(tag, std::move(page));
}

void Buyers::Loop::take(std::vector<Finished> finished) {
  // One time for all that came together: the order inside such a batch is libcurl's, not the
  // network's, and must not make one region look later than the other.
  const Instant received = read_clocks();
  for (auto& [tag, exchange] : finished) {
    if (auto order = orders_under_way_.extract(tag)) {
      take_order(std::move(order.mapped()), exchange, received);
    } else if (auto page = pages_under_way_.extract(tag)) {
      take_page(page.mapped(), exchange, received);
    }
  }
  const std::lock_guard lock(mutex_);
  counters_.in_flight = transfers_.in_flight();
}

void Buyers::Loop::take_order(Order order, const Exchange& exchange, Instant received) {
  auto answer = judge_answer(exchange);
  if (auto* sold = std::get_if<Sold>(&answer)) {
    const Acknowledgement acknowledgement{order.key,   order.tries,  exchange.status,
                                          sold->order, sold->event,  sold->seat,
                                          sold->epoch, sold->region, received};
    record(acknowledgement);
    const std::lock_guard lock(mutex_);
    ++counters_.acknowledged;
    last_second_.count(received.boot);
    counters_.last_acknowledgement = acknowledgement;
  } else if (auto* refused = std::get_if<NotSold>(&answer)) {
    record(Refusal{order.key, order.tries, exchange.status, refused->reason, received});
    count(&Counters::refused);
  } else {
    const auto& reason = std::get<CannotKnow>(answer).reason;
    record(UnknownOutcome{order.key, order.tries, exchange.status, reason, received});
    count(&Counters::unknown);
    if (order.tries < options_.tries_max) {
      retries_.push(Retry{received + options_.retry_after, std::move(order)});
    }
  }
}

void Buyers::Loop::take_page(const Page& page, const Exchange& exchange, Instant received) {
  const bool ok = exchange.delivery == Delivery::answered && exchange.status == 200;
  std::string reason;
  if (!ok) reason = exchange.error.empty() ? "not a page" : exchange.error;
  record(PageRead{page.path, ok, exchange.status, reason, page.scheduled, received});
  count(ok ? &Counters::pages_ok : &Counters::page_errors);
}

void Buyers::Loop::watch_own_pulse(BootTime due, Instant now) {
  if (now.boot - due >= kStallMin) record(Stall{now.boot - due, now});
}

void Buyers::Loop::count(std::uint64_t Counters::*what) {
  const std::lock_guard lock(mutex_);
  ++(counters_.*what);
}

Buyers::Buyers(BuyersOptions options, LedgerWriter& ledger)
    : loop_(std::make_unique<Loop>(std::move(options), ledger)) {}
Buyers::~Buyers() { loop_->stop(std::chrono::milliseconds(0)); }
Result<Done> Buyers::start() { return loop_->start(); }
void Buyers::stop(std::chrono::milliseconds patience) { loop_->stop(patience); }
void Buyers::send_to(std::vector<std::string> order_urls) { loop_->send_to(std::move(order_urls)); }
Counters Buyers::counters() const { return loop_->counters(); }
std::optional<Error> Buyers::failure() const { return loop_->failure(); }

}  // namespace understudy::drill
