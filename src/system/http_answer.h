#pragma once
// Internal to system_http: a response as bytes.

#include <string>

#include "system/http.h"

namespace understudy::http {

/// How it is to be sent.
struct Delivery {
  bool keep_alive = true;
  bool old_client = false;  ///< HTTP/1.0: keeping alive must be said
  bool head_only = false;   ///< the answer to HEAD: a body's length without the body
};

/// Line breaks in header values are turned into spaces, so that no value can add a header.
[[nodiscard]] std::string to_bytes(const Response& response, Delivery delivery);

/// {"error": text} with that status.
[[nodiscard]] Response plain_error(unsigned status, std::string_view text);

}  // namespace understudy::http
