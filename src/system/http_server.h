#pragma once
// An HTTP/1.1 and WebSocket server, plain or mutual TLS. Boost.Beast stays in the .cpp.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "system/http.h"

namespace understudy::http {

/// One open WebSocket. Methods may be called from any thread. The socket lives as long as somebody
/// holds it; sending to a closed one does nothing.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// Queues a text message. A reader that falls more than 1,000 messages behind is closed.
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual bool open() const = 0;
};

/// Runs on one of the server's worker threads and may block. An exception that leaves it becomes a
/// 500.
using Handler = std::function<Response(const Request&)>;
/// Called on a worker thread when a client has upgraded at `path`; keep the socket to send to it:
/// it is closed when its last holder lets go. What the client sends is read and dropped.
using OnWebSocket = std::function<void(const Request&, std::shared_ptr<WebSocket>)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one; see Server::port()
  std::optional<Tls> tls;  ///< set: clients must present a certificate of the authority
  unsigned workers = 4;    ///< threads that run handlers
  /// Requests that are never to wait behind others (health checks): run by threads of their own.
  /// Called on the server's own thread: quick, no blocking. Empty: none is.
  std::function<bool(const Request&)> is_urgent;
  unsigned urgent_workers = 2;
  std::size_t body_bytes_max = 1 << 20;
  /// A connection that sends nothing for this long between requests is closed.
  std::chrono::milliseconds idle_timeout{60'000};
};

/// Serves from the constructor's success until stop() or destruction.
class Server {
 public:
  /// Binds, listens and starts its threads. Error, unchanged_final: the address is taken or not
  /// ours, or a TLS file cannot be read; the text names which.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler,
                                                             OnWebSocket on_websocket = {});
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Stops accepting, lets running handlers answer for up to `grace`, then closes everything and
  /// joins its threads; a handler that runs longer still is waited for, its answer dropped.
  /// Idempotent. Not to be called from a handler.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace understudy::http
