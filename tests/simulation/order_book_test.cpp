// What people may object to, by what they were answered.

#include "simulation/order_book.h"

#include <gmock/gmock.h>

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

class Orders : public testing::Test {
 protected:
  explicit Orders(Automation automation = Automation::on) : book_(plan(automation)) {}
  static Plan plan(Automation automation = Automation::on) {
    Plan plan;
    plan.topology.policy.automatic_failover = automation;
    plan.topology.policy.failover_interval_min = seconds(10);
    return plan;
  }
  static TrueTime at(int second) { return TrueTime(seconds(second)); }
  void give(const Fault& order, int second, bool ends = false) {
    book_.sent(order, ends);
    book_.answered(order, ends, at(second));
  }
  [[nodiscard]] std::string objection(int second) const {
    return book_.objection("failover-shop-1", at(second));
  }

  const Fault off_{.kind = FaultKind::automation_set, .other = static_cast<int>(Automation::off)};
  const Fault on_{.kind = FaultKind::automation_set, .other = static_cast<int>(Automation::on)};
  const Fault maintenance_{.kind = FaultKind::maintenance_begins, .by = seconds(10)};
  const Fault acknowledge_{.kind = FaultKind::failover_acknowledged};
  OrderBook book_;
};

class OrdersToAsk : public Orders {
 protected:
  OrdersToAsk() : Orders(Automation::ask) {}
};

}  // namespace

TEST_F(Orders, count_from_a_moment_after_their_answer_until_another_is_sent) {
  EXPECT_EQ(objection(1), "");
  book_.sent(off_, false);
  EXPECT_EQ(objection(5), "") << "who knows whether it arrived?";
  book_.answered(off_, false, at(5));
  EXPECT_EQ(objection(5), "") << "one may be under way";
  EXPECT_EQ(objection(7), "automation is off");
  book_.sent(on_, false);
  EXPECT_EQ(objection(8), "");
}

TEST_F(Orders, that_end_by_themselves_are_in_doubt_around_their_end) {
  give(maintenance_, 0);
  EXPECT_EQ(objection(7), "maintenance mode is on");
  EXPECT_EQ(objection(10), "");
  give(maintenance_, 0, true);
  EXPECT_EQ(objection(7), "") << "ended by a person";
}

TEST_F(Orders, are_gone_with_the_journal) {
  give(off_, 0);
  book_.forgotten(at(6));
  EXPECT_EQ(objection(5), "");
  book_.sent(off_, false);
  book_.forgotten(at(6));
  book_.answered(off_, false, at(6));
  EXPECT_EQ(objection(10), "") << "it was lost while its answer was on the way";
}

TEST_F(OrdersToAsk, are_met_by_a_yes_to_this_very_execution) {
  EXPECT_EQ(objection(1), "nobody was asked");
  book_.approved("failover-shop-2");
  EXPECT_EQ(objection(1), "nobody was asked");
  book_.approved("failover-shop-1");
  EXPECT_EQ(objection(1), "");
}

TEST_F(Orders, want_the_last_failover_to_be_acknowledged_and_a_while_ago) {
  book_.failed_over(at(0));
  EXPECT_EQ(objection(20), "nobody has acknowledged the last automatic failover");
  give(acknowledge_, 5);
  EXPECT_EQ(objection(5), "the last automatic failover was a moment ago");
  EXPECT_EQ(objection(10), "");
}

}  // namespace understudy::simulation
