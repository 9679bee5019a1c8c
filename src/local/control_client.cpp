#include "local/control_client.h"

#include <boost/json/serialize.hpp>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

Result<ControlClient::Answer> ControlClient::call(const std::string& method,
                                                  const std::string& path_and_query,
                                                  const json::object* body,
                                                  BootTime deadline) const {
  const auto rest = std::chrono::ceil<milliseconds>(deadline - clock_.boot());
  if (rest <= milliseconds::zero())
    return Error{After::unchanged_retry, address_ + ": no time left to ask"};
  http::Request request{.method = method};
  if (body != nullptr) {
    request.body = json::serialize(*body);
    request.headers.emplace_back("Content-Type", "application/json");
  }
  auto response = http_->send("https://" + address_ + path_and_query, request, rest);
  if (!response) return within(address_, response.error());
  auto object = wire::parse_object(response->body);
  if (!object) {
    return Error{After::unknown, address_ + path_and_query + ": HTTP " +
                                     std::to_string(response->status) + " without a JSON object"};
  }
  return Answer{response->status, std::move(*object)};
}

Result<json::object> ControlClient::get(const std::string& path_and_query,
                                        BootTime deadline) const {
  auto answer = call("GET", path_and_query, nullptr, deadline);
  if (!answer) return answer.error();
  if (answer->status / 100 != 2) return within(address_, wire::error_from(answer->body));
  return std::move(answer->body);
}

Result<json::object> ControlClient::post(const std::string& path, const json::object& body,
                                         BootTime deadline) const {
  auto answer = call("POST", path, &body, deadline);
  if (!answer) return answer.error();
  if (answer->status / 100 != 2) return within(address_, wire::error_from(answer->body));
  return std::move(answer->body);
}

}  // namespace understudy
