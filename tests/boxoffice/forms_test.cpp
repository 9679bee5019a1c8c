// What browsers send, and what they are sent: no value becomes markup, no form is another's.

#include <gmock/gmock.h>

#include "assets.h"
#include "form.h"
#include "page_settings.h"
#include "sessions.h"
#include "site.h"
#include "view.h"

namespace understudy::boxoffice {
namespace {

using testing::HasSubstr;
using testing::Not;

http::Request form_request(const std::string& body) {
  return {.method = "POST",
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = body};
}

TEST(AForm, is_decoded) {
  const auto form = Form::read(form_request("a=1+2&b=%3Cx%26y%3E&&c&a=second"));
  ASSERT_TRUE(form);
  EXPECT_EQ((*form)["a"], "1 2");
  EXPECT_EQ((*form)["b"], "<x&y>");
  EXPECT_EQ((*form)["c"], "");
  EXPECT_EQ((*form)["nothing"], "");
}

TEST(AForm, that_is_none_or_holds_what_no_text_holds_is_refused) {
  EXPECT_FALSE(Form::read(form_request("a=%4")));
  EXPECT_FALSE(Form::read(form_request("a=1%00")));
  EXPECT_FALSE(Form::read({.method = "POST", .body = "a=1"}));
}

TEST(ACookie, is_found_among_others) {
  const http::Request request{.headers = {{"Cookie", "xsession=1; session=2; session2=3"}}};
  EXPECT_EQ(find_cookie(request, "session"), "2");
  EXPECT_EQ(find_cookie(request, "session2"), "3");
  EXPECT_EQ(find_cookie(request, "sess"), "");
}

TEST(AFormsToken, is_bound_to_its_session) {
  EXPECT_EQ(form_token({.session = "a"}), form_token({.session = "a"}));
  EXPECT_NE(form_token({.session = "a"}), form_token({.session = "b"}));
  EXPECT_THAT(form_token({.session = "0123456789"}), Not(HasSubstr("0123456789")));
  EXPECT_TRUE(same_secret("hush", "hush"));
  EXPECT_FALSE(same_secret("hush", "hus"));
}

TEST(AView, makes_no_value_markup) {
  View view("event.html", "</title><script>alert(1)</script>");
  auto& body = view.body();
  body["NAME"] = "<script>alert(2)</script>";
  body["KEY"] = "\" onfocus=\"alert(3)";
  (*body.AddSectionDictionary("COMPLAINT"))["TEXT"] = "<img src=x onerror=alert(4)>";
  auto* seat = body.AddSectionDictionary("SEAT");
  (*seat)["STATE"] = "free\" onclick=\"alert(5)";
  const std::string page = view.render();
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\" on")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(2)"));
}

TEST(AView, leads_nowhere_but_to_pages) {
  View view("teaser.html", "x");
  view.body()["TICKETS"] = "javascript:alert(1)";
  EXPECT_THAT(view.render(), Not(HasSubstr("javascript:")));
}

TEST(EveryTemplate, can_be_rendered) {
  for (const Asset& file : templates()) {
    if (file.name == "layout.html") continue;
    EXPECT_THAT(View(std::string(file.name), "x").render(), HasSubstr("</html>")) << file.name;
  }
}

TEST(AStaticFile, is_kept_for_ever_under_a_name_of_its_content) {
  const std::string path = static_path("boxoffice.css");
  const auto found = static_answer(path);
  EXPECT_EQ(found.status, 200U);
  EXPECT_EQ(found.content_type, "text/css; charset=utf-8");
  EXPECT_THAT(std::string(found.header("Cache-Control")), HasSubstr("immutable"));
  const auto missing = static_answer("/static/boxoffice.000000000000.css");
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(missing.header("Cache-Control"), "no-store");
}

TEST(DatesAndMoney, are_written_for_people) {
  EXPECT_EQ(date("2030-01-02T20:05:00Z"), "Wed 2 Jan 2030, 20:05 UTC");
  EXPECT_EQ(date("soon"), "soon");
  EXPECT_EQ(date("2030-13-02T20:05:00Z"), "2030-13-02T20:05:00Z");
  EXPECT_EQ(money(2500), "€25.00");
  EXPECT_EQ(money(7), "€0.07");
}

TEST(PageSettings, that_are_missing_or_wrong_are_named) {
  struct Case {
    Role role;
    std::map<std::string, std::string> variables;
    std::string complaint;
  };
  const Case cases[] = {
      {Role::admin, {}, "STAFF_PASSWORD is not set"},
      {Role::partner_dashboard, {}, "STAFF_PASSWORD is not set"},
      {Role::marketing, {}, "WEBAPP_URL is not set"},
      {Role::short_links, {{"WEBAPP_URL", "webapp:80"}}, "WEBAPP_URL is \"webapp:80\""},
      {Role::webapp, {{"API_URL", "http://x; script-src *"}}, "API_URL is \"http://x;"},
  };
  for (const Case& each : cases) {
    Configuration configuration{.role = each.role, .redis = RedisAddress{}};
    const auto read = read_page_settings(configuration, [&](const char* name) -> const char* {
      const auto found = each.variables.find(name);
      return found == each.variables.end() ? nullptr : found->second.c_str();
    });
    ASSERT_FALSE(read) << each.complaint;
    EXPECT_THAT(read.error().what, testing::StartsWith(each.complaint));
  }
  EXPECT_FALSE(read_page_settings({.role = Role::webapp}, [](const char*) { return nullptr; }))
      << "sessions need Redis";
}

}  // namespace
}  // namespace understudy::boxoffice
