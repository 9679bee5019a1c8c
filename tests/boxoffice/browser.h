#pragma once
// A browser in small: it keeps cookies, and sends forms with the fields that their page had.

#include <map>
#include <string>

#include "stack.h"

namespace understudy::test {

class Browser {
 public:
  using Fields = std::map<std::string, std::string>;

  explicit Browser(std::uint16_t port) : port_(port) {}

  http::Response get(const std::string& path);
  /// As written: only these fields.
  http::Response post(const std::string& path, const Fields& fields);
  /// With the hidden fields of the page that was last seen; `fields` on top.
  http::Response submit(const std::string& path, Fields fields = {});
  /// Fills in the page's form at /signin.
  http::Response sign_in(const std::string& field, const std::string& value);

  [[nodiscard]] const std::string& page() const { return page_; }
  [[nodiscard]] bool sees(const std::string& text) const {
    return page_.find(text) != std::string::npos;
  }
  /// The value of the first hidden field of that name on the page, or "".
  [[nodiscard]] std::string hidden(const std::string& name) const;
  [[nodiscard]] const std::string& cookies() const { return cookies_; }

 private:
  http::Response send(http::Request request, const std::string& path);

  std::uint16_t port_;
  std::string cookies_;
  std::string page_;
  http::Client client_;
};

}  // namespace understudy::test
