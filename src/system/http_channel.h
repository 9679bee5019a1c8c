#pragma once
// Internal to http_server.cpp: a socket, plain or TLS, behind one type.
//
// Handlers are type-erased, so that Asio's, OpenSSL's and Beast's templates are instantiated once
// instead of once a kind of socket and handler: that halves the compile time of the server.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace understudy::http {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = net::io_context::executor_type;
using Socket = net::basic_stream_socket<net::ip::tcp, Executor>;

/// Any handler of (error, bytes); moves only.
class IoHandler {
 public:
  template <class F>
  requires(!std::same_as<std::decay_t<F>, IoHandler>) explicit IoHandler(F&& f)
      : held_(std::make_unique<Of<std::decay_t<F>>>(std::forward<F>(f))) {}

  void operator()(ErrorCode error, std::size_t bytes) {
    const auto once = std::move(held_);
    once->call(error, bytes);
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void call(ErrorCode error, std::size_t bytes) = 0;
  };
  template <class F>
  struct Of final : Base {
    explicit Of(F f) : function(std::move(f)) {}
    void call(ErrorCode error, std::size_t bytes) override {
      F now = std::move(function);
      now(error, bytes);
    }
    F function;
  };
  std::unique_ptr<Base> held_;
};

/// The bytes on the wire, whatever is inside them. Before each send(2) it asks `may_leave`, with
/// nothing in between: here, and not above TLS or a composed write, is where an answer leaves.
class Wire {
 public:
  using executor_type = Executor;
  using lowest_layer_type = Socket::lowest_layer_type;

  explicit Wire(Socket socket) : socket_(std::move(socket)) {
    ErrorCode ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  lowest_layer_type& lowest_layer() { return socket_.lowest_layer(); }
  Socket& socket() { return socket_; }

  void guard(std::function<bool()> may_leave) { may_leave_ = std::move(may_leave); }

  void read(net::mutable_buffer into, IoHandler handler) {
    socket_.async_read_some(into, std::move(handler));
  }

  void write(net::const_buffer from, IoHandler handler) {
    ErrorCode error;
    std::size_t sent = 0;
    if (may_leave_ && !may_leave_())
      error = net::error::access_denied;
    else
      sent = socket_.write_some(from, error);
    if (error == net::error::would_block) {
      socket_.async_wait(Socket::wait_write,
                         [this, from, again = std::move(handler)](ErrorCode failed) mutable {
                           failed ? again(failed, 0) : write(from, std::move(again));
                         });
      return;
    }
    net::post(get_executor(),
              [done = std::move(handler), error, sent]() mutable { done(error, sent); });
  }

  // What ssl::stream needs of its next layer.
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    read(*net::buffer_sequence_begin(buffers), IoHandler(std::forward<Handler>(handler)));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    write(*net::buffer_sequence_begin(buffers), IoHandler(std::forward<Handler>(handler)));
  }

 private:
  Socket socket_;
  std::function<bool()> may_leave_;
};

/// A handle on a connection: what HTTP and WebSocket read and write. Only for the server's thread.
class Channel {
 public:
  using executor_type = Executor;

  Channel(Socket socket, net::ssl::context* tls)
      : state_(std::make_shared<State>(std::move(socket), tls)) {}

  executor_type get_executor() { return state_->wire.get_executor(); }
  Wire& wire() { return state_->wire; }
  SSL* session() { return state_->tls ? state_->tls->native_handle() : nullptr; }
  [[nodiscard]] bool is_tls() const { return state_->tls.has_value(); }

  void handshake(IoHandler handler) {
    state_->tls->async_handshake(
        net::ssl::stream_base::server,
        [keep = state_, done = std::move(handler)](ErrorCode e) mutable { done(e, 0); });
  }
  void read(net::mutable_buffer into, IoHandler handler) {
    if (state_->tls)
      state_->tls->async_read_some(into, std::move(handler));
    else
      state_->wire.read(into, std::move(handler));
  }
  void write(net::const_buffer from, IoHandler handler) {
    if (state_->tls)
      state_->tls->async_write_some(from, std::move(handler));
    else
      state_->wire.write(from, std::move(handler));
  }
  void close() {
    ErrorCode ignored;
    state_->wire.socket().shutdown(Socket::shutdown_both, ignored);
    state_->wire.socket().close(ignored);
  }
  void close_sending() {
    ErrorCode ignored;
    state_->wire.socket().shutdown(Socket::shutdown_send, ignored);
  }

  // What Beast's WebSocket needs of its next layer.
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    read(first_of<net::mutable_buffer>(buffers), IoHandler(std::forward<Handler>(handler)));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    // A frame's header and payload leave as one packet, hence the copy.
    auto whole = std::make_unique<std::string>();
    for (auto at = net::buffer_sequence_begin(buffers); at != net::buffer_sequence_end(buffers);
         ++at) {
      const net::const_buffer part = *at;
      whole->append(static_cast<const char*>(part.data()), part.size());
    }
    const net::const_buffer bytes = net::buffer(*whole);
    write(bytes, IoHandler([kept = std::move(whole), done = std::forward<Handler>(handler)](
                               ErrorCode error, std::size_t sent) mutable { done(error, sent); }));
  }

 private:
  struct State {
    State(Socket socket, net::ssl::context* context) : wire(std::move(socket)) {
      if (context != nullptr) tls.emplace(wire, *context);
    }
    Wire wire;
    std::optional<net::ssl::stream<Wire&>> tls;
  };

  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto at = net::buffer_sequence_begin(buffers); at != net::buffer_sequence_end(buffers);
         ++at) {
      const Buffer part = *at;
      if (part.size() > 0) return part;
    }
    return {};
  }

  std::shared_ptr<State> state_;
};

// Found by Beast through argument-dependent lookup, in place of its own for sockets.
inline void beast_close_socket(Channel& channel) { channel.close(); }
inline void teardown(boost::beast::role_type, Channel& channel, ErrorCode& error) {
  channel.close();
  error = {};
}
template <class Handler>
void async_teardown(boost::beast::role_type, Channel& channel, Handler&& handler) {
  channel.close();
  net::post(channel.get_executor(),
            [done = std::forward<Handler>(handler)]() mutable { done(ErrorCode{}); });
}

}  // namespace understudy::http
