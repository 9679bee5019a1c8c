#include "browser.h"

#include "form.h"

namespace understudy::test {
namespace {

constexpr std::string_view kHidden = "<input type=\"hidden\" name=\"";
constexpr std::string_view kValue = "\" value=\"";

/// What an attribute's text means.
std::string unescaped(std::string text) {
  for (const auto& [from, to] :
       {std::pair{"&lt;", "<"}, std::pair{"&gt;", ">"}, std::pair{"&quot;", "\""},
        std::pair{"&#39;", "'"}, std::pair{"&amp;", "&"}})
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1))
      text.replace(at, std::string_view(from).size(), to);
  return text;
}

}  // namespace

http::Response Browser::send(http::Request request, const std::string& path) {
  if (!cookies_.empty()) request.headers.emplace_back("Cookie", cookies_);
  auto sent = client_.send("http://127.0.0.1:" + std::to_string(port_) + path, request, 20s);
  if (!sent) return {.status = 0, .body = sent.error().what};
  if (const auto cookie = sent->header("Set-Cookie"); !cookie.empty())
    cookies_ = cookie.substr(0, cookie.find(';'));
  page_ = sent->body;
  return std::move(*sent);
}

http::Response Browser::get(const std::string& path) { return send({.method = "GET"}, path); }

http::Response Browser::post(const std::string& path, const Fields& fields) {
  std::string body;
  for (const auto& [name, value] : fields)
    body += (body.empty() ? "" : "&") + boxoffice::url_encoded(name) + "=" +
            boxoffice::url_encoded(value);
  return send({.method = "POST",
               .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
               .body = body},
              path);
}

http::Response Browser::submit(const std::string& path, Fields fields) {
  // Of the page's main part: the header has a form of its own, with the same token.
  const auto from = page_.find("<main");
  for (auto at = page_.find(kHidden, from); at != std::string::npos;
       at = page_.find(kHidden, at + 1)) {
    const auto name = at + kHidden.size();
    const auto value = page_.find(kValue, name);
    const auto begins = value + kValue.size();
    fields.emplace(page_.substr(name, value - name),
                   unescaped(page_.substr(begins, page_.find('"', begins) - begins)));
  }
  return post(path, fields);
}

http::Response Browser::sign_in(const std::string& field, const std::string& value) {
  (void)get("/signin");
  return submit("/signin", {{field, value}});
}

std::string Browser::hidden(const std::string& name) const {
  const std::string before = std::string(kHidden) + name + std::string(kValue);
  const auto at = page_.find(before);
  if (at == std::string::npos) return {};
  const auto begins = at + before.size();
  return unescaped(page_.substr(begins, page_.find('"', begins) - begins));
}

}  // namespace understudy::test
