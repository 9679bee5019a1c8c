#pragma once
// The notifications service of the worker's own region, as the worker sees it.

#include <string>

#include "base/result.h"
#include "messages.h"
#include "system/http_client.h"

namespace understudy::boxoffice {

struct PostboxAddress {
  std::string url;    ///< of the service, without a path: http://127.0.1.1:7120
  std::string token;  ///< both know it; never logged
};

/// Thread-safe.
class Postbox {
 public:
  explicit Postbox(PostboxAddress address);

  /// Errors: unchanged_final if the message was refused for good; unchanged_retry if it certainly
  /// was not sent and may be another time; unknown if nobody can say.
  [[nodiscard]] Result<Done> send(const Mail& mail) const;
  [[nodiscard]] Result<Done> send(const Text& text) const;

 private:
  [[nodiscard]] Result<Done> post(const std::string& path, std::string body) const;

  const PostboxAddress address_;
  http::Client client_;
};

}  // namespace understudy::boxoffice
