// The baseline: failover as a script does it, with plain PostgreSQL, pg_promote and no fence. The
// judge must see the split brain and the lost orders, or it could not vouch for anything else.
//
// North is frozen whole under load, south is promoted, and half the buyers are sent there; the
// other half keeps north's address, as clients do that keep what DNS once told them. Then north
// thaws and goes on where it was, with the requests that were in flight and with the buyers that
// never left.

#include <gmock/gmock.h>
#include <signal.h>

#include <iostream>

#include "drill/buyers.h"
#include "drill/judge.h"
#include "drill/verdict_text.h"
#include "scratch.h"
#include "web_stub.h"

namespace understudy::drill {
namespace {

/// An api-web without any protection in front of a database of its own.
class NaiveRegion {
 public:
  NaiveRegion(const std::filesystem::path& folder, const std::string& name,
              std::unique_ptr<ScratchPostgres> server)
      : name_(name), server_(std::move(server)), port_(std::to_string(free_port())) {
    service_ = std::make_unique<Process>(Program{{UNDERSTUDY_BOXOFFICE},
                                                 {{"ROLE", "api-web"},
                                                  {"HOST", "127.0.0.1"},
                                                  {"PORT", port_},
                                                  {"REGION", name},
                                                  {"INSTANCE", "api-web-" + name},
                                                  {"DATABASE_URL", server_->conninfo("shop")},
                                                  {"UNDERSTUDY_UNPROTECTED", "1"}},
                                                 folder / (name + "-api-web.log"),
                                                 false});
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }
  [[nodiscard]] ScratchPostgres& server() const { return *server_; }
  [[nodiscard]] DatabaseView view() const {
    return read_database(name_, server_->conninfo("shop"), std::chrono::seconds(30)).value();
  }
  void freeze() const {
    service_->signal_all(SIGSTOP);
    server_->process().signal_all(SIGSTOP);
  }
  void thaw() const {
    server_->process().signal_all(SIGCONT);
    service_->signal_all(SIGCONT);
  }

 private:
  std::string name_;
  std::unique_ptr<ScratchPostgres> server_;
  std::string port_;
  std::unique_ptr<Process> service_;
};

std::size_t sold_by(const std::filesystem::path& ledger, const std::string& region) {
  const auto sold = read_ledger(ledger).value().acknowledgements;
  return static_cast<std::size_t>(std::count_if(
      sold.begin(), sold.end(), [&](const auto& each) { return each.region == region; }));
}

Case naive_case(Instant fault_at) {
  Case drilled;
  drilled.fault = "region-freeze, naive";
  drilled.expected = Outcome::fails_over;
  drilled.fault_at = fault_at;
  return drilled;
}

TEST(NaiveFailover, of_a_frozen_region_that_thaws_is_seen_as_split_brain_with_lost_orders) {
  const ScratchFolder folder;
  auto primary = std::make_unique<ScratchPostgres>(folder.path(), "north");
  make_database(*primary, "shop", UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/schema.sql");
  auto standby = std::make_unique<ScratchPostgres>(folder.path(), "south", *primary);
  const NaiveRegion north(folder.path(), "north", std::move(primary));
  const NaiveRegion south(folder.path(), "south", std::move(standby));

  const auto file = folder.path() / "ledger";
  auto writer = LedgerWriter::create(file).value();
  BuyersOptions options;
  options.run = "naive";
  options.order_urls = {north.url()};
  Buyers buyers(options, *writer);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return sold_by(file, "north") >= 300; }));

  const auto fault_at = read_clocks();
  ASSERT_TRUE(writer->write(Mark{"fault", fault_at}));
  north.freeze();
  south.server().ask("SELECT pg_promote()");
  buyers.send_to({north.url(), south.url()});
  ASSERT_TRUE(eventually([&] { return sold_by(file, "south") >= 50; }));
  const auto before_thaw = sold_by(file, "north");
  north.thaw();
  ASSERT_TRUE(eventually([&] { return sold_by(file, "north") >= before_thaw + 50; }));
  buyers.stop(std::chrono::seconds(10));

  const auto verdict =
      judge(naive_case(fault_at), read_ledger(file).value(), {north.view(), south.view()});
  ASSERT_TRUE(verdict) << verdict.error().what;
  std::cout << to_terminal(*verdict);
  EXPECT_EQ(verdict->outcome, Outcome::fails_over);
  EXPECT_GT(verdict->dual_writer_ms, 0);
  EXPECT_GE(verdict->lost_acked, 50);
  EXPECT_GE(verdict->old_region_writes_after_promotion, 50);
  EXPECT_THAT(verdict->invariants_broken,
              testing::Contains(testing::Field(&BrokenInvariant::id, "I1")));
  EXPECT_FALSE(verdict->objectives_met);
  EXPECT_FALSE(verdict->passed());
}

}  // namespace
}  // namespace understudy::drill
