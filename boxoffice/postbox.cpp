#include "postbox.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

/// Longer than the service's own patience with its mail server, so that its answer is heard.
constexpr std::chrono::milliseconds kPatience{15'000};

}  // namespace

Postbox::Postbox(PostboxAddress address) : address_(std::move(address)) {}

Result<Done> Postbox::send(const Mail& mail) const { return post("/mails", to_json(mail)); }
Result<Done> Postbox::send(const Text& text) const { return post("/texts", to_json(text)); }

Result<Done> Postbox::post(const std::string& path, std::string body) const {
  const http::Request request{.method = "POST",
                              .headers = {{"Authorization", "Bearer " + address_.token}},
                              .body = std::move(body)};
  auto answer = client_.send(address_.url + path, request, kPatience);
  // An address that is none can be mended; the message is as good as before.
  if (!answer)
    return Error{answer.error().after == After::unknown ? After::unknown : After::unchanged_retry,
                 answer.error().what};
  auto outcome = read_outcome(answer->body);
  if (outcome) return outcome;
  return within(fmt::format("notifications ({})", answer->status), outcome.error());
}

}  // namespace understudy::boxoffice
