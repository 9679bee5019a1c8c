#include "local/remote_registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/wire.h"

namespace understudy {

namespace {

/// How much longer than the registry itself we wait for the answer of a long poll.
constexpr Duration kAnswerSlack = milliseconds(300);

Result<Record> record_of(Result<boost::json::object> answer) {
  if (!answer) return answer.error();
  auto record = wire::record_from(*answer);
  if (!record) return Error{After::unknown, "the registry's answer is no record"};
  return *record;
}

}  // namespace

Result<Record> RemoteRegistry::read(BootTime deadline) {
  return record_of(client_.get("/v1/record", deadline));
}

Replaced RemoteRegistry::replace(const Record& next, BootTime deadline) {
  const auto body = wire::to_json(next);
  auto answer = client_.call("PUT", "/v1/record", &body, deadline);
  if (!answer) return answer.error();
  if (answer->status == 200 || answer->status == 409) {
    auto record = wire::record_from(answer->body);
    if (!record) return Error{After::unknown, "the registry's answer is no record"};
    // The connection may have been retried below us: a refusal that shows our own nonce was a
    // success.
    if (answer->status == 200 || record->nonce == next.nonce) return *record;
    return Conflict{*record};
  }
  return wire::error_from(answer->body);
}

Result<Record> RemoteRegistry::await_change(std::uint64_t version, BootTime deadline) {
  const auto wait = std::max<std::int64_t>(0, to_ms(deadline - clock_.boot()));
  return record_of(client_.get(fmt::format("/v1/record?after={}&wait_ms={}", version, wait),
                               deadline + kAnswerSlack));
}

}  // namespace understudy
