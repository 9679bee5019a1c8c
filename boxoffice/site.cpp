#include "site.h"

#include <fmt/format.h>

#include "assets.h"

namespace understudy::boxoffice {
namespace {

std::string_view content_type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

bool is_of_us(std::string_view path) {
  return path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\");
}

}  // namespace

std::string Visit::here() const {
  std::string path = url_encoded(request.path);
  if (!request.query.empty()) path += "?" + request.query;
  return path;
}

http::Response static_answer(std::string_view path) {
  http::Response response;
  for (const Asset& file : static_files()) {
    if (static_path(file.name) != path) continue;
    response.body = file.content;
    response.content_type = content_type_of(file.name);
    response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
    return response;
  }
  response.status = 404;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "there is no such file in this version\n";
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

void Site::add(std::string_view method, std::string_view path, Access access, Handle handle) {
  routes_.push_back({method, path, {access, std::move(handle)}});
}

http::Response Site::answer(const http::Request& request) {
  if (request.path.starts_with("/static/")) return static_answer(request.path);
  return answer_logged(parts_.events, request,
                       [&](WideEvent& event) { return dispatch(request, event); });
}

http::Response Site::dispatch(const http::Request& request, WideEvent& event) const {
  const auto found = find_route<Entry>(routes_, request);
  Visit visit{request, found.rest, event, {}, {}};
  if (parts_.sessions != nullptr) visit.visitor = parts_.sessions->find(request);
  if (found.route != nullptr) {
    event.add("route", found.route->path);
    const Entry& entry = found.route->handle;
    if (request.method == "POST") return post(visit, entry);
    if (entry.access == Access::signed_in && visit.visitor.name.empty())
      return ask_to_sign_in(visit);
    return entry.handle(visit);
  }
  if (found.allowed.empty()) return message(visit, 404, "Nothing here", "There is no such page.");
  auto response = message(visit, 405, "Not like this", "This page is asked for in another way.");
  response.headers.emplace_back("Allow", found.allowed);
  return response;
}

/// The token proves that the form was one of ours, shown to this very browser.
http::Response Site::post(Visit& visit, const Entry& entry) const {
  auto form = Form::read(visit.request);
  if (!form) return message(visit, 400, "Not a form", "What was sent could not be read.");
  visit.form = std::move(*form);
  if (!same_secret(visit.form["token"], form_token(visit.visitor))) {
    visit.event.add("outcome", "refused").add("error", "wrong form token");
    return message(visit, 403, "This form is not valid any more",
                   "It was shown to another browser, or long ago. Nothing was done; please open "
                   "the page again.");
  }
  if (entry.access == Access::signed_in && visit.visitor.name.empty()) {
    if (visit.visitor.is_known) return redirect("/signin");
    return try_again(visit, {After::unchanged_retry, "Redis does not say who is signed in"});
  }
  return entry.handle(visit);
}

/// The CDN asks the home region first, also while the other one is active, to which signing in, a
/// POST, has gone. A region that may not write therefore says that it cannot tell, upon which the
/// CDN asks the other.
http::Response Site::ask_to_sign_in(const Visit& visit) const {
  if (visit.visitor.is_known && parts_.page.judge().open)
    return redirect("/signin?next=" + url_encoded(visit.here()));
  return message(visit, 503, "Who are you?",
                 "We cannot look up who is signed in at the moment. Please try again shortly.");
}

http::Response Site::html(const Visit& visit, View& view, unsigned status) const {
  auto& layout = view.layout();
  layout["BRAND"] = parts_.brand;
  layout["REGION"] = parts_.region;
  for (const Link& link : parts_.navigation) {
    auto* item = layout.AddSectionDictionary("NAVIGATION");
    (*item)["PATH"] = link.path;
    (*item)["LABEL"] = link.label;
    if (visit.request.path == link.path) item->ShowSection("CURRENT");
  }
  if (parts_.sessions != nullptr) {
    const Visitor& visitor = visit.visitor;
    view.body()["TOKEN"] = form_token(visitor);
    if (!visitor.name.empty()) {
      auto* who = layout.AddSectionDictionary("SIGNED_IN");
      (*who)["NAME"] = visitor.name;
      (*who)["TOKEN"] = form_token(visitor);
    } else if (!visitor.has_cookie || parts_.page.judge().open) {
      layout.ShowSection("SIGNED_OUT");  // else the other region may know better
    }
  }
  http::Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = view.render();
  const std::string feed =
      parts_.feed_origin.empty() ? "" : " connect-src " + parts_.feed_origin + ";";
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';" + feed +
          " form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  return response;
}

http::Response Site::page(const Visit& visit, View& view, unsigned status) const {
  auto response = html(visit, view, status);
  if (parts_.sessions != nullptr) {
    response.headers.emplace_back("Cache-Control", "private, no-store");
    if (!visit.visitor.has_cookie)
      response.headers.emplace_back("Set-Cookie", parts_.sessions->cookie(visit.visitor));
  } else {
    response.headers.emplace_back("Cache-Control",
                                  status == 200 ? "public, max-age=30, stale-while-revalidate=300, "
                                                  "stale-if-error=86400"
                                                : "no-store");
  }
  return response;
}

http::Response Site::redirect(const std::string& path) const {
  http::Response response;
  response.status = 303;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Location", is_of_us(path) ? path : "/");
  response.headers.emplace_back("Cache-Control", "private, no-store");
  return response;
}

http::Response Site::message(const Visit& visit, unsigned status, const std::string& heading,
                             const std::string& text) const {
  View view("message.html", heading);
  view.body()["HEADING"] = heading;
  view.body()["TEXT"] = text;
  return page(visit, view, status);
}

http::Response Site::trouble(const Visit& visit, const Error& error) const {
  visit.event.add("outcome", "failed").add("error", error.what);
  return message(visit, error.after == After::unchanged_final ? 500 : 503, "One moment",
                 "We cannot look that up right now. Please try again shortly.");
}

http::Response Site::try_again(const Visit& visit, const Error& error) const {
  if (error.after == After::unchanged_final) return trouble(visit, error);
  const bool unknown = error.after == After::unknown;
  visit.event.add("outcome", unknown ? "unknown" : "refused").add("error", error.what);
  View view("try-again.html", unknown ? "We do not know yet" : "We are moving");
  auto& body = view.body();
  body.ShowSection(unknown ? "UNKNOWN" : "MOVING");
  body["ACTION"] = visit.request.path;
  for (const auto& [name, value] : visit.form.fields()) {
    if (name == "token") continue;
    auto* field = body.AddSectionDictionary("FIELD");
    (*field)["NAME"] = name;
    (*field)["VALUE"] = value;
  }
  auto response = page(visit, view, 503);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Result<Permission> Site::permission(const Visit& visit) const {
  Permission permission = parts_.page.judge();
  visit.event.add("epoch", permission.epoch);
  if (permission.open) return permission;
  return Error{After::unchanged_retry,
               fmt::format("this region may not write: {}", permission.reason)};
}

void Site::acknowledge(http::Response& response, const Permission& permission,
                       std::string_view what) const {
  boxoffice::acknowledge(response, parts_.page, parts_.events, permission, what);
}

}  // namespace understudy::boxoffice
