// The services of the staff, the marketing pages and the short links; and all pages in a region
// that stands by.

#include <gmock/gmock.h>

#include "browser.h"

namespace understudy::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kPassword = "scratch-secret-3";

class Pages : public Stack {
 protected:
  std::unique_ptr<Boxoffice> start_role(const std::string& role) {
    auto settings = environment(role);
    settings["STAFF_PASSWORD"] = kPassword;
    settings["WEBAPP_URL"] = "http://webapp.localhost:1";
    auto service = start(settings);
    EXPECT_TRUE(eventually([&] { return service->get("/live").status == 200; }))
        << service->output();
    return service;
  }
  static void sign_in(Browser& browser) {
    EXPECT_EQ(browser.sign_in("password", kPassword).status, 303U) << browser.page();
  }
  std::int64_t sell(int seat) {
    const auto web = start_web();
    const auto sold =
        web->buy("staff-" + std::to_string(event()) + "-" + std::to_string(seat), event(), seat);
    EXPECT_EQ(sold.status, 201U);
    return sold.number("order");
  }
  std::string seat_state(int seat) const {
    return database()
        .run("SELECT state FROM seats WHERE event = " + std::to_string(event()) +
             " AND seat = " + std::to_string(seat))
        .at(0, 0);
  }
};

TEST_F(Pages, of_the_staff_need_the_password_and_allow_few_tries) {
  const auto admin = start_role("admin");
  Browser browser(admin->port());
  EXPECT_EQ(browser.get("/").header("Location"), "/signin?next=/");
  EXPECT_EQ(browser.get("/links?x=%22").header("Location"), "/signin?next=/links%3Fx%3D%2522");
  EXPECT_EQ(browser.sign_in("password", "guess").status, 422U);
  unsigned status = 0;
  for (int i = 0; i < 20 && status != 429; ++i)
    status = browser.sign_in("password", "guess").status;
  EXPECT_EQ(status, 429U);
  EXPECT_EQ(browser.sign_in("password", kPassword).status, 429U) << "not even the right one, now";
  EXPECT_EQ(admin->output().find(kPassword), std::string::npos);
  redis().stop();  // and with it the count
  redis().start();
  EXPECT_TRUE(eventually([&] { return browser.sign_in("password", kPassword).status == 303; }));
  EXPECT_EQ(browser.get("/").status, 200U);
}

TEST_F(Pages, of_the_staff_are_not_served_without_a_password_to_compare_with) {
  const auto admin = start(environment("admin"));
  EXPECT_EQ(admin->process().wait(), 2);
  EXPECT_THAT(admin->output(), StartsWith("boxoffice: STAFF_PASSWORD is not set; expected"));
}

TEST_F(Pages, of_the_admin_refund_an_order_once_and_free_its_seat) {
  const auto order = std::to_string(sell(6));
  const auto admin = start_role("admin");
  Browser browser(admin->port());
  sign_in(browser);
  EXPECT_EQ(browser.get("/?q=" + order).status, 200U);
  EXPECT_TRUE(browser.sees("name=\"order\" value=\"" + order + "\"")) << browser.page();
  EXPECT_EQ(browser.submit("/refunds", {{"order", order}}).status, 303U);
  EXPECT_EQ(seat_state(6), "free");
  EXPECT_EQ(orders(), 1) << "the order stays";

  const auto web = start_web();
  const auto resold = web->buy("resold-" + std::to_string(event()), event(), 6);
  EXPECT_EQ(resold.status, 201U);
  (void)browser.get("/");
  EXPECT_EQ(browser.submit("/refunds", {{"order", order}}).status, 303U) << "told, not done, again";
  EXPECT_EQ(seat_state(6), "sold") << "it is the second buyer's";
  EXPECT_EQ(browser.get("/?q=" + order).status, 200U);
  EXPECT_TRUE(browser.sees("refunded")) << browser.page();
  EXPECT_EQ(web->get("/api/orders/staff-" + std::to_string(event()) + "-6").status, 200U)
      << "what was acknowledged stays true";
}

TEST_F(Pages, of_the_admin_change_nothing_where_the_region_may_not_write) {
  const auto order = std::to_string(sell(8));
  const auto admin = start_role("admin");
  Browser browser(admin->port());
  sign_in(browser);
  (void)browser.get("/links");
  const std::string token = browser.hidden("token");
  page_.close();
  EXPECT_EQ(browser.post("/refunds", {{"token", token}, {"order", order}}).status, 503U);
  EXPECT_EQ(browser.hidden("order"), order);
  EXPECT_EQ(browser.post("/links", {{"token", token}, {"code", "nine"}, {"event", "1"}}).status,
            503U);
  EXPECT_EQ(browser.post("/requeues", {{"token", token}, {"id", "1"}}).status, 503U);
  EXPECT_EQ(seat_state(8), "sold");
  EXPECT_EQ(browser.post("/refunds", {{"order", order}}).status, 403U) << "nor without a token";
}

TEST_F(Pages, of_the_admin_send_dead_letters_again) {
  const auto has_them = database().count(
      "SELECT count(*) FROM information_schema.columns"
      " WHERE table_name = 'outbox' AND column_name = 'failed_at'");
  if (has_them == 0) GTEST_SKIP() << "this schema's outbox knows no dead letters";
  const auto order = std::to_string(sell(1));
  database().run(
      "UPDATE outbox SET failed_at = now(), done_at = NULL, attempts = 9,"
      " error = '<b>no</b>' WHERE order_id = " +
      order);
  const auto admin = start_role("admin");
  Browser browser(admin->port());
  sign_in(browser);
  EXPECT_EQ(browser.get("/dead-letters").status, 200U);
  EXPECT_TRUE(browser.sees("&lt;b&gt;no&lt;/b&gt;")) << browser.page();
  const auto id =
      std::to_string(database().count("SELECT id FROM outbox WHERE order_id = " + order));
  EXPECT_EQ(browser.submit("/requeues", {{"id", id}}).status, 303U);
  EXPECT_EQ(
      database().count("SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL AND id = " + id),
      0);
  EXPECT_EQ(browser.post("/requeues", {{"token", browser.hidden("token")}, {"id", id}}).status,
            403U)
      << "a redirect has no token";
}

TEST_F(Pages, of_partners_add_up) {
  (void)sell(1);
  (void)sell(2);
  const auto dashboard = start_role("partner-dashboard");
  Browser browser(dashboard->port());
  sign_in(browser);
  EXPECT_EQ(browser.get("/?venue=Hall").status, 200U);
  EXPECT_TRUE(browser.sees("2 of 50")) << browser.page();
  EXPECT_TRUE(browser.sees("€50.00"));
  EXPECT_EQ(browser.get("/payouts").status, 200U);
  EXPECT_TRUE(browser.sees("Hall"));
}

TEST_F(Pages, of_marketing_may_be_kept_by_anybody) {
  const auto marketing = start_role("marketing");
  Browser browser(marketing->port());
  for (const char* path : {"/", "/teasers/night", "/teasers/silent"}) {
    const auto page = browser.get(path);
    EXPECT_EQ(page.status, 200U) << path;
    EXPECT_THAT(std::string(page.header("Cache-Control")), StartsWith("public, max-age=30, stale"));
    EXPECT_EQ(page.header("Set-Cookie"), "");
  }
  EXPECT_TRUE(browser.sees("http://webapp.localhost:1/events/5"));
  EXPECT_EQ(browser.get("/teasers/none").header("Cache-Control"), "no-store");
}

TEST_F(Pages, short_links_lead_to_their_event_and_are_counted) {
  const auto admin = start_role("admin");
  Browser browser(admin->port());
  sign_in(browser);
  const std::string code = "code-" + std::to_string(event());
  const Browser::Fields link = {{"code", code}, {"event", std::to_string(event())}};
  (void)browser.get("/links");
  EXPECT_EQ(browser.submit("/links", link).status, 303U);
  (void)browser.get("/links");
  EXPECT_EQ(browser.submit("/links", link).status, 303U) << "the same again is no mistake";
  (void)browser.get("/links");
  EXPECT_EQ(browser.submit("/links", {{"code", code}, {"event", "1"}}).status, 409U);
  EXPECT_EQ(browser.submit("/links", {{"code", "No!"}, {"event", "1"}}).status, 422U);
  EXPECT_TRUE(browser.sees("value=\"No!\""));

  const auto links = start_role("short-links");
  Browser visitor(links->port());
  for (int i = 0; i < 3; ++i) {
    const auto led = visitor.get("/s/" + code);
    EXPECT_EQ(led.status, 302U);
    EXPECT_EQ(led.header("Location"),
              "http://webapp.localhost:1/events/" + std::to_string(event()));
  }
  EXPECT_EQ(visitor.get("/s/none").status, 404U);
  EXPECT_EQ(visitor.get("/s/%27--").status, 404U);
  EXPECT_TRUE(eventually([&] {
    return database().count("SELECT clicks FROM short_links WHERE code = '" + code + "'") == 3;
  }));
  redis().stop();
  EXPECT_EQ(visitor.get("/s/" + code).status, 302U) << "whether it is counted or not";
  redis().start();
}

TEST_F(Pages, are_all_served_from_a_standby_whose_clicks_wait) {
  const auto order = std::to_string(sell(3));
  const std::string code = "standby-" + std::to_string(event());
  database().run("SELECT make_short_link('" + code + "', " + std::to_string(event()) +
                 ", NULL, 'north')");
  const auto webapp = start_role("webapp");
  const auto admin = start_role("admin");
  const auto dashboard = start_role("partner-dashboard");
  const auto marketing = start_role("marketing");
  const auto links = start_role("short-links");
  page_.close();
  database().stop_immediately();
  database().become_standby(true);
  database().start();

  Browser buyer(webapp->port());
  EXPECT_TRUE(eventually([&] { return buyer.get("/").status == 200; }));
  EXPECT_EQ(buyer.get("/events/" + std::to_string(event())).status, 200U);
  EXPECT_EQ(buyer.sign_in("address", "test@example.org").status, 303U) << "in its own Redis";
  EXPECT_EQ(buyer.get("/tickets").status, 200U);
  EXPECT_TRUE(buyer.sees("nothing is\nconfirmed before we have moved")) << buyer.page();
  for (const auto& [service, paths] :
       {std::pair{admin.get(), std::vector<std::string>{"/", "/links"}},
        std::pair{dashboard.get(), std::vector<std::string>{"/", "/payouts"}}}) {
    Browser staff(service->port());
    sign_in(staff);
    for (const auto& path : paths)
      EXPECT_TRUE(eventually([&] { return staff.get(path).status == 200; })) << path;
  }
  Browser anybody(marketing->port());
  EXPECT_TRUE(eventually([&] { return anybody.get("/").status == 200; }));
  Browser visitor(links->port());
  EXPECT_TRUE(eventually([&] { return visitor.get("/s/" + code).status == 302; }));
  for (const Boxoffice* service :
       {webapp.get(), admin.get(), dashboard.get(), marketing.get(), links.get()})
    EXPECT_EQ(service->get("/live").status, 200U);

  database().stop_immediately();
  database().become_standby(false);
  database().start();
  page_.open_endless(7);
  EXPECT_TRUE(eventually([&] {
    return database().count("SELECT clicks FROM short_links WHERE code = '" + code + "'") > 0;
  })) << "brought once this region writes";
}

TEST_F(Pages, oversell_nothing_whatever_is_refunded) {
  const auto order = std::to_string(sell(4));
  const std::string again =
      "INSERT INTO orders (key, event, seat, buyer, epoch, region) VALUES ('again-" + order +
      "', " + std::to_string(event()) + ", 4, 'x', 7, 'north')";
  auto session = postgres::Connection::open(database().as_superuser(), 5s);
  ASSERT_TRUE(session.ok());
  EXPECT_FALSE(session->run_script(again, 5s).ok()) << "whatever the seat's state says";
  database().run("SELECT refund(" + order + ", 7, 'north')");
  EXPECT_TRUE(session->run_script(again, 5s).ok());
}

}  // namespace
}  // namespace understudy::test
