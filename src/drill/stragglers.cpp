#include "drill/stragglers.h"

#include <fmt/format.h>

#include "local/render.h"
#include "system/http_client.h"
#include "system/postgres.h"

namespace understudy::drill {

namespace {

constexpr unsigned kCommitters = 40;
constexpr unsigned kHolders = 20;  ///< in a transaction, until the thaw
constexpr unsigned kRequestersEach = 20;
/// Longer than any freeze: a straggler waits for its answer, however late.
constexpr auto kPatience = std::chrono::seconds(40);

enum class Doing : std::uint8_t { nothing, in_transaction, committing, requesting };

}  // namespace

class Stragglers::Crowd {
 public:
  Crowd(const Site& site, std::string region, std::string run)
      : site_(site), region_(std::move(region)), run_(std::move(run)) {}

  Result<Done> make_table() {
    auto session = postgres::Connection::open(conninfo(), std::chrono::seconds(5));
    if (!session) return session.error();
    auto made = session->run("CREATE TABLE IF NOT EXISTS drill_straggler (key text PRIMARY KEY)",
                             {}, std::chrono::seconds(5));
    if (!made) return made.error();
    return Done{};
  }

  void start() {
    doing_ = std::vector<std::atomic<Doing>>(kCommitters + kHolders + 3 * kRequestersEach);
    for (unsigned i = 0; i < doing_.size(); ++i) {
      threads_.emplace_back([this, i] {
        if (i < kCommitters) {
          commit_on_and_on(i);
        } else if (i < kCommitters + kHolders) {
          hold_a_transaction(i);
        } else {
          request_on_and_on(i);
        }
      });
    }
  }

  void note_frozen() {
    for (unsigned i = 0; i < doing_.size(); ++i) {
      const Doing doing = doing_[i];
      if (i < kCommitters + kHolders) ++count_.sessions;
      count_.sessions_committing += doing == Doing::committing ? 1U : 0U;
      count_.sessions_in_transaction += doing == Doing::in_transaction ? 1U : 0U;
      count_.requests += doing == Doing::requesting ? 1U : 0U;
    }
  }

  void note_thaw() {
    thawed_at_ = read_clocks().boot.time_since_epoch().count();
    thawed_ = true;
  }

  StragglerCount stop() {
    stopping_ = true;
    thawed_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    const std::lock_guard held(lock_);
    return count_;
  }

 private:
  [[nodiscard]] std::string conninfo() const {
    return application_conninfo(site_.layout(), region_, site_.secrets());
  }

  /// An answer that says "done". Those that came before the thaw are no concern of ours.
  void acknowledged(const std::string& by) {
    const auto now = read_clocks().boot.time_since_epoch().count();
    const auto thaw = thawed_at_.load();
    if (thaw == 0 || now < thaw) return;
    const std::lock_guard held(lock_);
    ++count_.late_acknowledgements;
    count_.evidence.push_back(fmt::format("{} acknowledged {} ms after the thaw of {}", by,
                                          (now - thaw) / 1'000'000, region_));
  }

  void commit_on_and_on(unsigned i) {
    auto session = postgres::Connection::open(conninfo(), std::chrono::seconds(5));
    for (unsigned n = 0; session && session->connected() && !stopping_; ++n) {
      doing_[i] = Doing::committing;
      auto done = session->run("INSERT INTO drill_straggler VALUES ($1)",
                               {fmt::format("{}-c{}-{}", run_, i, n)}, kPatience);
      doing_[i] = Doing::nothing;
      if (done) acknowledged("a session on PostgreSQL");
      if (!done && thawed_) return;
    }
  }

  void hold_a_transaction(unsigned i) {
    auto session = postgres::Connection::open(conninfo(), std::chrono::seconds(5));
    if (!session) return;
    auto begun = session->run_script(
        fmt::format("BEGIN; INSERT INTO drill_straggler VALUES ('{}-h{}')", run_, i), kPatience);
    if (!begun) return;
    doing_[i] = Doing::in_transaction;
    while (!thawed_) std::this_thread::sleep_for(milliseconds(5));
    doing_[i] = Doing::committing;
    auto done = session->run("COMMIT", {}, kPatience);
    doing_[i] = Doing::nothing;
    if (done) acknowledged("COMMIT of an open transaction");
  }

  void request_on_and_on(unsigned i) {
    const Layout& layout = site_.layout();
    const unsigned place = (i - kCommitters - kHolders) / kRequestersEach;
    const Service* service = nullptr;
    for (const Service& candidate : site_.topology().services) {
      if (candidate.ingress == IngressKind::accelerator && !candidate.path) service = &candidate;
    }
    if (service == nullptr) return;
    const std::string names[] = {"the service", "the region's load balancer", "the edge"};
    const Endpoint endpoints[] = {layout.service(region_, service->name, 0),
                                  layout.load_balancer(region_), layout.edge_http()};
    http::Client client;
    for (unsigned n = 0; !stopping_; ++n) {
      const bool began_late = thawed_;
      const http::Request request{
          .method = "POST",
          .headers = {{"Idempotency-Key", fmt::format("{}-r{}-{}", run_, i, n)},
                      {"Content-Type", "application/json"}},
          .body = fmt::format(R"({{"event":{},"buyer":"straggler"}})", 1 + n % 400)};
      doing_[i] = Doing::requesting;
      auto answer =
          client.send("http://" + endpoints[place].text() + "/api/orders", request, kPatience);
      doing_[i] = Doing::nothing;
      const bool by_old =
          answer && answer->body.find("\"region\":\"" + region_ + "\"") != std::string::npos;
      if (by_old && answer->status / 100 == 2) acknowledged(names[place]);
      if (began_late || thawed_) return;
    }
  }

  const Site& site_;
  const std::string region_;
  const std::string run_;
  std::vector<std::atomic<Doing>> doing_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> thawed_{false};
  std::atomic<std::int64_t> thawed_at_{0};
  std::mutex lock_;
  StragglerCount count_;
};

Result<std::unique_ptr<Stragglers>> Stragglers::start(const Site& site, const std::string& region,
                                                      const std::string& run) {
  auto crowd = std::make_unique<Crowd>(site, region, run);
  if (auto made = crowd->make_table(); !made)
    return within("making the stragglers' table", made.error());
  crowd->start();
  return std::unique_ptr<Stragglers>(new Stragglers(std::move(crowd)));
}

Stragglers::Stragglers(std::unique_ptr<Crowd> crowd) : crowd_(std::move(crowd)) {}
Stragglers::~Stragglers() { (void)crowd_->stop(); }
void Stragglers::note_frozen() { crowd_->note_frozen(); }
void Stragglers::note_thaw() { crowd_->note_thaw(); }
StragglerCount Stragglers::stop() { return crowd_->stop(); }

}  // namespace understudy::drill
