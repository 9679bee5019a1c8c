#include "sign_in.h"

namespace understudy::boxoffice {
namespace {

constexpr std::int64_t kTriesMax = 10;
constexpr std::chrono::seconds kTriesIn{60};
constexpr const char* kNotNow = "Signing in does not work at the moment.";

bool is_address(std::string_view text) {
  const auto at = text.find('@');
  return is_printable(text) && at != std::string_view::npos && at > 0 && at + 1 < text.size();
}

/// As the nearest proxy saw it; what stands before may be anybody's invention.
std::string client_of(const http::Request& request) {
  std::string_view path = request.header("X-Forwarded-For");
  if (const auto comma = path.rfind(','); comma != std::string_view::npos)
    path.remove_prefix(comma + 1);
  while (path.starts_with(' ')) path.remove_prefix(1);
  return path.empty() ? "direct" : std::string(path.substr(0, 64));
}

}  // namespace

SignIn::SignIn(Site& site, Sessions& sessions, RedisStore& store)
    : site_(site), sessions_(sessions), store_(store) {
  add_routes();
}

SignIn::SignIn(Site& site, Sessions& sessions, RedisStore& store, std::string staff_password)
    : site_(site), sessions_(sessions), store_(store), staff_password_(std::move(staff_password)) {
  add_routes();
}

void SignIn::add_routes() {
  site_.add("GET", "/signin", Access::anybody,
            [this](Visit& visit) { return form(visit, visit.request.parameter("next"), "", 200); });
  site_.add("POST", "/signin", Access::anybody, [this](Visit& visit) { return sign_in(visit); });
  site_.add("POST", "/signout", Access::anybody, [this](Visit& visit) { return sign_out(visit); });
}

http::Response SignIn::form(const Visit& visit, std::string_view next, const std::string& why,
                            unsigned status) const {
  View view("signin.html", "Sign in");
  auto& body = view.body();
  body["NEXT"] = std::string(next);
  auto* field = body.AddSectionDictionary(staff_password_.empty() ? "ADDRESS" : "PASSWORD");
  (*field)["VALUE"] = staff_password_.empty() ? std::string(visit.form["address"]) : "";
  if (!why.empty()) (*body.AddSectionDictionary("WHY"))["TEXT"] = why;
  return site_.page(visit, view, status);
}

http::Response SignIn::sign_in(Visit& visit) {
  Verdict verdict = judge(visit);
  if (verdict.status == 200) {
    const auto visitor = sessions_.sign_in(verdict.who);
    if (visitor) {
      visit.event.add("outcome", "signed in");
      auto response = site_.redirect(std::string(visit.form["next"]));
      response.headers.emplace_back("Set-Cookie", sessions_.cookie(*visitor));
      return response;
    }
    verdict = {503, "", kNotNow};
  }
  visit.event.add("outcome", "refused").add("error", verdict.why);
  return form(visit, visit.form["next"], verdict.why, verdict.status);
}

SignIn::Verdict SignIn::judge(const Visit& visit) {
  if (!staff_password_.empty()) return judge_password(visit);
  if (is_address(visit.form["address"])) return {200, std::string(visit.form["address"]), ""};
  return {422, "", "Please write an e-mail address, like you@example.org."};
}

/// Tries are counted before the password is looked at, so that those of the same moment count, too.
SignIn::Verdict SignIn::judge_password(const Visit& visit) {
  const auto tries = store_.count("signin-tries:" + client_of(visit.request), kTriesIn);
  if (!tries) return {503, "", kNotNow};
  if (*tries > kTriesMax) return {429, "", "Too many tries; please wait a minute."};
  if (same_secret(visit.form["password"], staff_password_)) return {200, "staff", ""};
  return {422, "", "That is not the password."};
}

/// Not done until Redis has forgotten the session: its cookie may have been copied.
http::Response SignIn::sign_out(Visit& visit) {
  const auto visitor = sessions_.sign_out(visit.visitor);
  visit.event.add("outcome", visitor ? "signed out" : "failed");
  if (!visitor) return site_.try_again(visit, visitor.error());
  auto response = site_.redirect("/");
  response.headers.emplace_back("Set-Cookie", sessions_.cookie(*visitor));
  return response;
}

}  // namespace understudy::boxoffice
