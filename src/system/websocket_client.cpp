#include "system/websocket_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace understudy::http {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using ErrorCode = boost::system::error_code;

struct WebSocketClient::Stream {
  net::io_context context{1};
  websocket::stream<beast::tcp_stream> socket{context};
  beast::flat_buffer buffer;
  bool reading = false;  ///< an async_read is under way, or has ended with `read_error`
  bool read = false;
  ErrorCode read_error;

  /// Lets one operation run until it sets `done`. False: `timeout` came first.
  bool run_until(const bool& done, std::chrono::milliseconds timeout) {
    const auto give_up = std::chrono::steady_clock::now() + timeout;
    context.restart();
    while (!done && std::chrono::steady_clock::now() < give_up) {
      if (context.run_one_until(give_up) == 0) break;
    }
    return done;
  }
};

WebSocketClient::WebSocketClient(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

/// What is under way ends with the socket, before the objects that it uses.
WebSocketClient::~WebSocketClient() {
  ErrorCode ignored;
  beast::get_lowest_layer(stream_->socket).socket().close(ignored);
  stream_->context.restart();
  stream_->context.poll();
}

Result<std::unique_ptr<WebSocketClient>> WebSocketClient::connect(
    const std::string& address, std::uint16_t port, const std::string& target,
    std::chrono::milliseconds timeout) {
  auto client = std::unique_ptr<WebSocketClient>(new WebSocketClient(std::make_unique<Stream>()));
  Stream& stream = *client->stream_;
  ErrorCode error;
  const auto host = net::ip::make_address(address, error);
  if (error) return Error{After::unchanged_final, address + ": " + error.message()};
  bool done = false;
  const std::string name = address + ":" + std::to_string(port);
  beast::get_lowest_layer(stream.socket)
      .async_connect(net::ip::tcp::endpoint(host, port), [&](ErrorCode failed) {
        error = failed;
        if (failed) return void(done = true);
        stream.socket.async_handshake(name, target, [&](ErrorCode refused) {
          error = refused;
          done = true;
        });
      });
  if (!stream.run_until(done, timeout)) {
    // The operation refers to what ends with this function.
    ErrorCode ignored;
    beast::get_lowest_layer(stream.socket).socket().close(ignored);
    stream.run_until(done, std::chrono::seconds(1));
    return Error{After::unchanged_retry, "no WebSocket at " + name + " in time"};
  }
  if (error) return Error{After::unchanged_retry, name + ": " + error.message()};
  return client;
}

Result<std::string> WebSocketClient::read(std::chrono::milliseconds timeout) {
  Stream& stream = *stream_;
  if (!stream.reading) {
    stream.reading = true;
    stream.read = false;
    stream.socket.async_read(stream.buffer, [&stream](ErrorCode error, std::size_t) {
      stream.read_error = error;
      stream.read = true;
    });
  }
  if (!stream.run_until(stream.read, timeout))
    return Error{After::unchanged_retry, "no message in time"};
  if (stream.read_error) return Error{After::unknown, stream.read_error.message()};
  stream.reading = false;
  std::string text = beast::buffers_to_string(stream.buffer.data());
  stream.buffer.consume(stream.buffer.size());
  return text;
}

}  // namespace understudy::http
