// The page's writer and the backends are frozen and thawed at random under live commits with short
// leases; no acknowledgement may arrive at a client outside a granted lease. Arrivals are stamped
// by the client's kernel, so that a client that is scheduled late accuses nobody, and what is
// allowed on top of a lease is g alone.
//
// UNDERSTUDY_FENCE_ROUNDS sets how many freezes (default 40), UNDERSTUDY_SEED repeats a run's
// choices.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "hammer.h"

namespace understudy::fence_test {
namespace {

constexpr Nanoseconds kMs = 1'000'000;
constexpr Nanoseconds kTtl = 300 * kMs;
constexpr Nanoseconds kPauseAfterLapse = 200 * kMs;
constexpr Nanoseconds kG = 20 * kMs;  // last clock reading to the bytes' arrival
constexpr int kCommitters = 6;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Hammer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ScratchPostgres>();
    server_->page().promise_without_end();
    ASSERT_TRUE(server_->connect().run("CREATE TABLE orders (what text)").ok());
    server_->page().close();
  }
  static void TearDownTestSuite() { server_.reset(); }

  Hammer() {
    seed_ = number_from("UNDERSTUDY_SEED", std::random_device{}());
    random_.seed(seed_);
    // Forked before there are threads.
    renewer_ = std::make_unique<Renewer>(server_->page(), granter_.asker(), kTtl);
    granter_.start();
  }

  void commit_with(const std::string& preamble) {
    for (int i = 0; i < kCommitters; ++i)
      committers_.push_back(std::make_unique<Committer>(*server_, i, preamble));
  }

  Nanoseconds up_to(Nanoseconds most) {
    return std::uniform_int_distribution<Nanoseconds>(0, most)(random_);
  }
  void rest(Nanoseconds length) { std::this_thread::sleep_for(std::chrono::nanoseconds(length)); }

  // Freezes the writer, some backends, or both, and thaws them in a random order.
  void round() {
    std::vector<pid_t> frozen;
    const auto kind = up_to(3);
    if (kind >= 1)
      for (const auto& committer : committers_)
        if (up_to(2) == 0)
          if (const pid_t backend = committer->freeze_backend(); backend > 0)
            frozen.push_back(backend);
    if (kind <= 1 && kill(renewer_->pid(), SIGSTOP) == 0) frozen.push_back(renewer_->pid());
    granter_.refusing = kind == 2;
    rest(up_to(2 * kTtl));
    std::shuffle(frozen.begin(), frozen.end(), random_);
    for (const pid_t process : frozen) {
      rest(up_to(kTtl / 4));
      kill(process, SIGCONT);
    }
    granter_.refusing = false;
    rest(up_to(kTtl));
  }

  void hammer(std::uint64_t rounds) {
    for (std::uint64_t i = 0; i < rounds; ++i) round();
    rest(2 * kTtl);  // the last ones thawed get to answer
    for (const auto& committer : committers_) committer->stop();
  }

  struct Outcome {
    std::size_t acknowledged = 0;
    int refused = 0;
    int cut = 0;
    int untimed = 0;
    std::size_t late = 0;
    Nanoseconds latest = 0;
  };

  Outcome judge() {
    Outcome outcome;
    const auto leases = granter_.leases();
    for (const auto& committer : committers_) {
      outcome.acknowledged += committer->acknowledged().size();
      outcome.refused += committer->refused();
      outcome.cut += committer->cut();
      outcome.untimed += committer->untimed();
      for (const auto& one : committer->acknowledged()) {
        const auto by = lateness(leases, one.at);
        outcome.latest = std::max(outcome.latest, by);
        outcome.late += by > kG;
      }
    }
    fmt::print(
        "[ measured ] seed {}: {} grants, {} lapses, {} acknowledged, {} refused, {} cut; "
        "latest {} us after its lease, {} later than g = {} ms\n",
        seed_, leases.size(), granter_.lapses(), outcome.acknowledged, outcome.refused, outcome.cut,
        outcome.latest / 1000, outcome.late, kG / kMs);
    return outcome;
  }

  static inline std::unique_ptr<ScratchPostgres> server_;
  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
  Granter granter_{kTtl, kPauseAfterLapse};
  std::unique_ptr<Renewer> renewer_;
  std::vector<std::unique_ptr<Committer>> committers_;
};

TEST_F(Hammer, no_acknowledgement_arrives_outside_a_granted_lease) {
  const auto rounds = number_from("UNDERSTUDY_FENCE_ROUNDS", 40);
  const auto mark = server_->log().size();
  commit_with("");
  hammer(rounds);
  const auto outcome = judge();
  EXPECT_EQ(outcome.late, 0U) << "seed " << seed_;
  EXPECT_EQ(outcome.untimed, 0) << "the kernel stamps what arrives";
  EXPECT_GT(outcome.acknowledged, 100U);
  EXPECT_GT(outcome.refused, 0);
  EXPECT_GE(granter_.lapses(), static_cast<int>(rounds / 10));

  const auto log = server_->log(mark);
  EXPECT_EQ(log.find("PANIC"), std::string::npos);
  EXPECT_EQ(log.find("terminating any other active server processes"), std::string::npos);
  std::set<std::string> rows;
  auto session = server_->connect();
  PGresult* all = PQexec(session.raw(), "SELECT what FROM orders");
  for (int i = 0; i < PQntuples(all); ++i) rows.insert(PQgetvalue(all, i, 0));
  PQclear(all);
  for (const auto& committer : committers_)
    for (const auto& one : committer->acknowledged()) EXPECT_EQ(rows.count(one.what), 1U);
}

// The same with sessions that the fence lets through: it must see them, or the test above sees
// nothing.
TEST_F(Hammer, sees_acknowledgements_that_nothing_withholds) {
  commit_with("SET understudy_fence.bypass = 'to be caught'");
  hammer(8);
  EXPECT_GT(judge().late, 0U);
}

TEST(Lateness, is_counted_from_the_end_of_the_lease_before) {
  const std::vector<Lease> leases = {{10, 20}, {15, 25}, {40, 50}};
  EXPECT_EQ(lateness(leases, 12), 0);
  EXPECT_EQ(lateness(leases, 25), 0);
  EXPECT_EQ(lateness(leases, 33), 8);
  EXPECT_EQ(lateness(leases, 45), 0);
  EXPECT_EQ(lateness(leases, 60), 10);
  EXPECT_EQ(lateness(leases, 5), 5) << "before any lease";
}

}  // namespace
}  // namespace understudy::fence_test
