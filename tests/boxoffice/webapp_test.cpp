// The webapp as a browser without JavaScript sees it, in good times and in bad.

#include <gmock/gmock.h>

#include "browser.h"

namespace understudy::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Webapp : public Stack {
 protected:
  Webapp() {
    auto settings = environment("webapp");
    settings["API_URL"] = "http://127.0.0.1:1";
    webapp_ = start(settings);
    EXPECT_TRUE(eventually([&] { return webapp_->ready(); })) << webapp_->output();
    browser_.emplace(webapp_->port());
  }
  void sign_in() { EXPECT_EQ(browser_->sign_in("address", buyer()).status, 303U); }
  http::Response open_event() { return browser_->get("/events/" + std::to_string(event())); }
  http::Response buy(const std::string& seat) {
    return browser_->submit("/orders", {{"seat", seat}});
  }
  [[nodiscard]] std::string buyer() const {
    return "somebody-" + std::to_string(event()) + "@example.org";
  }

  std::unique_ptr<Boxoffice> webapp_;
  std::optional<Browser> browser_;
};

TEST_F(Webapp, events_are_listed_found_and_not_trusted) {
  EXPECT_EQ(browser_->get("/?q=test+%3C" + std::to_string(event())).status, 200U);
  EXPECT_TRUE(browser_->sees("Test &lt;" + std::to_string(event()) + "&gt;")) << browser_->page();
  EXPECT_EQ(browser_->get("/?q=%22%3E%3Cscript%3E").status, 200U);
  EXPECT_TRUE(browser_->sees("Nothing like that"));
  EXPECT_FALSE(browser_->sees("<script>"));
  EXPECT_EQ(browser_->get("/events/0").status, 404U);
  EXPECT_EQ(browser_->get("/events/999999").status, 404U);
}

TEST_F(Webapp, a_page_is_personal_and_runs_no_foreign_script) {
  const auto page = open_event();
  EXPECT_EQ(page.header("Cache-Control"), "private, no-store");
  EXPECT_THAT(std::string(page.header("Set-Cookie")), HasSubstr("HttpOnly; SameSite=Lax"));
  EXPECT_THAT(std::string(page.header("Content-Security-Policy")),
              HasSubstr("connect-src ws://127.0.0.1:1;"));
}

TEST_F(Webapp, a_ticket_is_bought_by_form_once_and_shown) {
  sign_in();
  EXPECT_EQ(open_event().status, 200U);
  const Browser::Fields form = {{"token", browser_->hidden("token")},
                                {"key", browser_->hidden("key")},
                                {"event", std::to_string(event())},
                                {"seat", "7"}};
  const auto bought = browser_->post("/orders", form);
  EXPECT_EQ(bought.status, 303U) << bought.body;
  const std::string tickets(bought.header("Location"));
  EXPECT_THAT(tickets, StartsWith("/tickets?bought="));
  EXPECT_EQ(browser_->post("/orders", form).header("Location"), tickets) << "the same form again";
  EXPECT_EQ(orders(), 1);
  EXPECT_EQ(browser_->get(tickets).status, 200U);
  EXPECT_TRUE(browser_->sees("It is yours"));
  EXPECT_TRUE(browser_->sees("</span> 7</p>")) << browser_->page();
}

TEST_F(Webapp, a_seat_that_is_gone_is_told_with_a_new_form) {
  sign_in();
  (void)open_event();
  const std::string key = browser_->hidden("key");
  EXPECT_EQ(buy("3").status, 303U);
  (void)open_event();
  EXPECT_EQ(buy("3").status, 409U);
  EXPECT_TRUE(browser_->sees("Somebody was faster"));
  EXPECT_NE(browser_->hidden("key"), key);
  EXPECT_EQ(buy("").status, 303U) << "the best one free, from the page that complained";
  EXPECT_EQ(orders(), 2);
}

TEST_F(Webapp, whoever_is_not_signed_in_comes_back_to_the_seat_and_the_purchase) {
  (void)open_event();
  const std::string key = browser_->hidden("key");
  const auto sent = buy("9");
  EXPECT_EQ(sent.status, 303U);
  EXPECT_EQ(orders(), 0);
  (void)browser_->get(std::string(sent.header("Location")));
  const auto back = browser_->submit("/signin", {{"address", buyer()}});
  EXPECT_EQ(back.header("Location"), "/events/" + std::to_string(event()) + "?seat=9&key=" + key);
  (void)browser_->get(std::string(back.header("Location")));
  EXPECT_EQ(browser_->hidden("key"), key);
  EXPECT_TRUE(browser_->sees("aria-label=\"Seat 9\" checked"));
}

TEST_F(Webapp, signing_in_leads_to_no_other_site) {
  for (const char* next : {"https://example.org/", "//example.org/", "/\\example.org"}) {
    (void)browser_->get("/signin");
    const auto answer = browser_->submit("/signin", {{"address", buyer()}, {"next", next}});
    EXPECT_EQ(answer.header("Location"), "/") << next;
  }
  EXPECT_EQ(browser_->sign_in("address", "nobody").status, 422U);
}

TEST_F(Webapp, a_form_that_another_site_or_session_made_does_nothing) {
  sign_in();
  (void)open_event();
  const Browser::Fields form = {{"key", "forged"}, {"event", std::to_string(event())}};
  EXPECT_EQ(browser_->post("/orders", form).status, 403U);
  Browser other(webapp_->port());
  (void)other.get("/signin");
  auto with_token = form;
  with_token["token"] = other.hidden("token");
  EXPECT_EQ(browser_->post("/orders", with_token).status, 403U);
  EXPECT_EQ(orders(), 0);
}

TEST_F(Webapp, signing_in_changes_the_session_and_signing_out_ends_it) {
  (void)browser_->get("/signin");
  const std::string before = browser_->cookies();
  sign_in();
  EXPECT_NE(browser_->cookies(), before);
  EXPECT_EQ(browser_->get("/tickets").status, 200U);
  const std::string inside = browser_->cookies();
  EXPECT_EQ(browser_->post("/signout", {{"token", browser_->hidden("token")}}).status, 303U);
  EXPECT_NE(browser_->cookies(), inside) << "the other region may still know the old one";
  EXPECT_EQ(browser_->get("/tickets").header("Location"), "/signin?next=/tickets");
}

TEST_F(Webapp, a_region_that_may_not_write_sells_nothing_and_keeps_the_form) {
  sign_in();
  (void)open_event();
  const std::string key = browser_->hidden("key");
  page_.close();
  const auto refused = buy("5");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_TRUE(browser_->sees("We are moving, try again in a moment"));
  EXPECT_EQ(browser_->hidden("key"), key);
  EXPECT_EQ(browser_->hidden("seat"), "5");
  EXPECT_EQ(orders(), 0);
  page_.open_endless(7);
  EXPECT_EQ(browser_->submit("/orders").status, 303U) << "the button of that page";
  EXPECT_EQ(orders(), 1);
}

// After a failover the CDN still asks the home region first, but signing in went to the active one.
TEST_F(Webapp, a_region_that_may_not_write_sends_nobody_whom_the_other_may_know_to_sign_in) {
  (void)open_event();
  EXPECT_TRUE(browser_->sees("href=\"/signin\""));
  page_.close();
  EXPECT_EQ(browser_->get("/tickets").status, 503U) << "upon which a CDN asks the other region";
  EXPECT_EQ(open_event().status, 200U);
  EXPECT_FALSE(browser_->sees("href=\"/signin\"")) << "nothing is claimed";
  page_.open_endless(7);
  EXPECT_EQ(browser_->get("/tickets").status, 303U);
}

TEST_F(Webapp, a_database_of_another_epoch_sells_nothing) {
  sign_in();
  (void)open_event();
  set_epoch_row(8, "south");
  EXPECT_EQ(buy("5").status, 503U);
  EXPECT_TRUE(browser_->sees("We are moving"));
  EXPECT_EQ(orders(), 0);
}

TEST_F(Webapp, a_lost_redis_costs_a_login_and_nothing_else) {
  sign_in();
  (void)open_event();
  const std::string key = browser_->hidden("key");
  redis().stop();
  EXPECT_EQ(buy("4").status, 503U);
  EXPECT_EQ(browser_->hidden("seat"), "4") << "kept, to be sent again";
  EXPECT_EQ(open_event().status, 200U) << "pages need no Redis";
  EXPECT_EQ(browser_->get("/tickets").status, 503U);
  redis().start();
  EXPECT_TRUE(eventually([&] { return browser_->get("/tickets").status == 303; }));
  sign_in();
  (void)browser_->get("/events/" + std::to_string(event()) + "?seat=4&key=" + key);
  EXPECT_EQ(buy("4").status, 303U);
  EXPECT_EQ(orders(), 1);
}

TEST_F(Webapp, without_a_database_says_so_and_lives) {
  database().stop_immediately();
  EXPECT_EQ(open_event().status, 503U);
  EXPECT_EQ(webapp_->get("/live").status, 200U);
  database().start();
  EXPECT_TRUE(eventually([&] { return open_event().status == 200; }));
}

}  // namespace
}  // namespace understudy::test
