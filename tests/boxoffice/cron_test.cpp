#include "stack.h"

namespace understudy::test {
namespace {

class CronRole : public Stack {
 protected:
  CronRole() { database().run("DELETE FROM cron_ticks"); }
  static std::int64_t ticks(const std::string& where = "true") {
    return database().count("SELECT count(*) FROM cron_ticks WHERE " + where);
  }
};

TEST_F(CronRole, frees_a_seat_once_although_two_of_them_run) {
  const auto web = start_web();
  const auto held = web->post("/api/holds", R"({"buyer":"a","seat":3,"seconds":1,"event":)" +
                                                std::to_string(event()) + "}");
  ASSERT_EQ(held.status, 201U);
  const auto one = start(environment("api-cron"));
  const auto two = start(environment("api-cron"));
  const std::string seat = "event = " + std::to_string(event()) + " AND seat = 3";
  ASSERT_TRUE(eventually([&] {
    return database().count("SELECT count(*) FROM seats WHERE state = 'free' AND " + seat) == 1;
  })) << one->output()
      << two->output();
  ASSERT_TRUE(eventually([&] { return ticks() >= 3; }));
  EXPECT_EQ(database().count("SELECT version FROM seats WHERE " + seat), 2);  // held, freed
  EXPECT_EQ(database().count("SELECT sum(expired) FROM cron_ticks"), 1);
  EXPECT_EQ(ticks("region <> 'north' OR epoch <> 7"), 0);
  EXPECT_EQ(web->buy("free-" + std::to_string(event()), event(), 3).status, 201U);
}

TEST_F(CronRole, does_nothing_without_a_lease_and_goes_on_when_there_is_one) {
  page_.close();
  const auto cron = start(environment("api-cron"));
  ASSERT_TRUE(eventually(
      [&] { return cron->output().find("\"event\":\"cron.waiting\"") != std::string::npos; }));
  EXPECT_EQ(ticks(), 0);
  page_.open_endless(7);
  ASSERT_TRUE(eventually([&] { return ticks() > 0; })) << cron->output();
}

TEST_F(CronRole, does_nothing_in_another_epoch) {
  set_epoch_row(8, "south");
  const auto cron = start(environment("api-cron"));
  ASSERT_TRUE(eventually(
      [&] { return cron->output().find("\"event\":\"cron.not_ours\"") != std::string::npos; }));
  EXPECT_EQ(ticks(), 0);
}

TEST_F(CronRole, needs_no_port) {
  auto settings = environment("api-cron");
  settings.erase("PORT");
  settings.erase("HOST");
  const auto cron = start(settings);
  ASSERT_TRUE(eventually([&] { return ticks() > 0; })) << cron->output();
  cron->process().signal(SIGTERM);
  EXPECT_EQ(cron->process().wait(), 0);
}

}  // namespace
}  // namespace understudy::test
