#pragma once
// A blocking WebSocket client (RFC 6455) for reading messages.

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"

namespace understudy::http {

/// One connection; closed, without a farewell, by the destructor. One thread at a time.
class WebSocketClient {
 public:
  /// `target`: path and query. Errors: unchanged_retry if no connection came about in time or the
  /// server did not upgrade it (the text says which).
  [[nodiscard]] static Result<std::unique_ptr<WebSocketClient>> connect(
      const std::string& address, std::uint16_t port, const std::string& target,
      std::chrono::milliseconds timeout);
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  /// The next message. Errors: unknown once the connection has ended; unchanged_retry if none came
  /// within `timeout`.
  [[nodiscard]] Result<std::string> read(std::chrono::milliseconds timeout);

 private:
  struct Stream;
  explicit WebSocketClient(std::unique_ptr<Stream> stream);
  std::unique_ptr<Stream> stream_;
};

}  // namespace understudy::http
