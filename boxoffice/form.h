#pragma once
// What a browser sends of a form and of cookies.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "system/http.h"

namespace understudy::boxoffice {

/// The fields of a form, decoded, in the order in which they were sent.
class Form {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  Form() = default;
  /// None if the body is no form (application/x-www-form-urlencoded), is wrongly encoded, or holds
  /// a zero byte, which PostgreSQL takes nowhere.
  [[nodiscard]] static std::optional<Form> read(const http::Request& request);

  /// The first field of that name, or "".
  [[nodiscard]] std::string_view operator[](std::string_view name) const;
  [[nodiscard]] const Fields& fields() const { return fields_; }

 private:
  Fields fields_;
};

/// The value of a cookie, or "".
[[nodiscard]] std::string_view find_cookie(const http::Request& request, std::string_view name);

/// A text as part of a URL's query: everything but letters, digits and "-_.~/" is encoded.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace understudy::boxoffice
