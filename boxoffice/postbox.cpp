#include "postbox.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

/// The service's own answers say an outcome. One that says none comes from in between: that nobody
/// was there to take the request, or that it was wrong. Any other leaves it unknown.
bool was_never_taken(unsigned status) { return status == 503 || status / 100 == 4; }

/// Longer than the service's own patience with its mail server and than the load balancer's with
/// the service, so that their answers are heard.
constexpr std::chrono::milliseconds kPatience{12'000};

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
  Error error = within(fmt::format("notifications ({})", answer->status), outcome.error());
  if (error.after == After::unknown && was_never_taken(answer->status))
    error.after = After::unchanged_retry;
  return error;
}

}  // namespace understudy::boxoffice
