#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "system/http_client.h"
#include "system/http_server.h"

namespace understudy::test {

using namespace std::chrono_literals;
using http::Request;
using http::Response;

inline std::unique_ptr<http::Server> serve(http::Handler handler, http::ServerOptions options = {},
                                           http::OnWebSocket on_websocket = {}) {
  auto started =
      http::Server::start(std::move(options), std::move(handler), std::move(on_websocket));
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().what);
  return started.ok() ? std::move(started).value() : nullptr;
}

inline std::string url(const http::Server& server, const std::string& target,
                       const std::string& scheme = "http") {
  return scheme + "://127.0.0.1:" + std::to_string(server.port()) + target;
}

inline Response ok(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

inline Request get() { return {.method = "GET"}; }
inline Request post(std::string body) { return {.method = "POST", .body = std::move(body)}; }

}  // namespace understudy::test
