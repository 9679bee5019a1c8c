#pragma once
// Internal to http_server.cpp: one client's connection, request after request.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "system/http_answer.h"
#include "system/http_channel.h"
#include "system/http_core.h"
#include "system/http_socket.h"
#include "system/http_tls.h"

namespace understudy::http {

namespace beast_http = boost::beast::http;

constexpr std::uint32_t kHeaderBytesMax = 16 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;
/// For a whole request once it has begun, for taking a whole answer, for shaking hands.
constexpr std::chrono::seconds kPatience{10};

/// All of it runs on the server's thread, but for the handler. Lives as long as an operation or a
/// handler is under way.
class Connection final : public Member, public std::enable_shared_from_this<Connection> {
 public:
  Connection(const std::shared_ptr<Core>& core, Socket socket)
      : core_(*core),
        shared_core_(core),
        channel_(std::move(socket), core->tls ? &*core->tls : nullptr),
        membership_(*core, *this) {}

  void start() {
    deadline_ = Steady::now() + kPatience;
    if (!channel_.is_tls()) return next_request();
    channel_.handshake(IoHandler([self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error) return self->close();
      self->peer_ = peer_name(self->channel_.session());
      self->next_request();
    }));
  }

  void close() override { channel_.close(); }
  [[nodiscard]] bool idle() const override { return !busy_; }
  [[nodiscard]] Steady::time_point deadline() const override { return deadline_; }

 private:
  using Parser = beast_http::request_parser<beast_http::string_body>;

  void next_request() {
    busy_ = false;
    if (core_.stopping) return close();
    continued_ = false;
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(core_.options.body_bytes_max);
    const bool pipelined = buffer_.size() > 0;
    deadline_ = Steady::now() + (pipelined ? Steady::duration(kPatience)
                                           : Steady::duration(core_.options.idle_timeout));
    pipelined ? parse() : read();
  }

  void read() {
    channel_.read(buffer_.prepare(kReadBytes),
                  IoHandler([self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                    if (error) return self->close();
                    // The first byte starts the clock of its request; later ones do not reset it.
                    if (self->buffer_.size() == 0 && !self->parser_->got_some())
                      self->deadline_ = Steady::now() + kPatience;
                    self->buffer_.commit(bytes);
                    self->parse();
                  }));
  }

  /// Feeds the parser what was read; the rest of a pipeline stays in the buffer.
  void parse() {
    while (buffer_.size() > 0 && !parser_->is_done()) {
      ErrorCode error;
      const std::size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      if (error == beast_http::error::need_more) break;
      if (error) return refuse(error);
    }
    if (parser_->is_done()) return dispatch();
    if (buffer_.size() > kHeaderBytesMax) return refuse(beast_http::error::header_limit);
    if (wants_to_be_told_to_continue()) return say_continue();
    read();
  }

  [[nodiscard]] bool wants_to_be_told_to_continue() const {
    return parser_->is_header_done() && !continued_ &&
           boost::beast::iequals(parser_->get()[beast_http::field::expect], "100-continue");
  }

  void say_continue() {
    continued_ = true;
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    sent_ = 0;
    write([self = shared_from_this()] { self->read(); });
  }

  void refuse(ErrorCode error) {
    if (error == beast_http::error::body_limit)
      return answer_and_end(plain_error(413, "the body is too long; at most " +
                                                 std::to_string(core_.options.body_bytes_max) +
                                                 " bytes were expected"));
    if (error == beast_http::error::header_limit)
      return answer_and_end(plain_error(431, "the header is too long"));
    answer_and_end(plain_error(400, "not an HTTP/1.1 request: " + error.message()));
  }

  void answer_and_end(Response response) {
    keep_alive_ = false;
    head_only_ = false;
    busy_ = true;
    answer(std::move(response));
  }

  /// Fills `request`; false if its target is no path.
  bool take_request(Request& request) {
    auto& message = parser_->get();
    const std::string_view target = message.target();
    const std::size_t mark = target.find('?');
    auto path = percent_decode(target.substr(0, mark));
    if (!path || path->empty() || path->front() != '/' || path->find('\0') != std::string::npos)
      return false;
    request.path = std::move(*path);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.method = message.method_string();
    for (const auto& field : message)
      request.headers.emplace_back(field.name_string(), field.value());
    request.body = std::move(message.body());
    request.peer = peer_;
    return true;
  }

  void dispatch() {
    busy_ = true;
    deadline_ = Steady::time_point::max();  // the handler bounds its own time
    keep_alive_ = parser_->get().keep_alive();
    old_client_ = parser_->get().version() < 11;
    head_only_ = parser_->get().method() == beast_http::verb::head;
    const bool upgrade = core_.on_websocket && boost::beast::websocket::is_upgrade(parser_->get());
    Request request;
    if (!take_request(request))
      return answer_and_end(plain_error(400, "the target is not a path; expected one like /ready"));
    if (upgrade) return open_socket(std::move(request));
    const bool urgent = core_.options.is_urgent && core_.options.is_urgent(request);
    Workers& workers = urgent ? *core_.urgent_workers : *core_.workers;
    const bool taken =
        workers.submit([self = shared_from_this(), request = std::move(request)]() mutable {
          self->handle(std::move(request));
        });
    if (!taken) answer(plain_error(503, "too many requests are waiting"));
  }

  /// On a worker's thread.
  void handle(Request request) {
    Response response;
    try {
      response = core_.handler(request);
    } catch (const std::exception& failure) {
      response = plain_error(500, std::string("the handler failed: ") + failure.what());
    } catch (...) {
      response = plain_error(500, "the handler failed");
    }
    net::post(core_.io, [self = shared_from_this(), response = std::move(response)]() mutable {
      self->answer(std::move(response));
    });
  }

  void answer(Response response) {
    if (core_.stopping) keep_alive_ = false;
    out_ = to_bytes(response, {keep_alive_, old_client_, head_only_});
    sent_ = 0;
    deadline_ = Steady::now() + kPatience;
    channel_.wire().guard(std::move(response.may_leave));
    write([self = shared_from_this()] {
      self->channel_.wire().guard({});
      self->keep_alive_ ? self->next_request() : self->drain();
    });
  }

  template <class Then>
  void write(Then then) {
    channel_.write(net::buffer(out_.data() + sent_, out_.size() - sent_),
                   IoHandler([self = shared_from_this(), then = std::move(then)](
                                 ErrorCode error, std::size_t sent) mutable {
                     if (error) return self->close();
                     self->sent_ += sent;
                     self->sent_ == self->out_.size() ? then() : self->write(std::move(then));
                   }));
  }

  /// Reads on for a moment: closing upon unread bytes would reset the connection, and could take
  /// the answer from a client that is still sending.
  void drain() {
    if (core_.stopping) return close();
    busy_ = false;
    channel_.close_sending();
    deadline_ = Steady::now() + std::chrono::seconds(1);
    read_away();
  }
  void read_away() {
    buffer_.clear();
    channel_.read(buffer_.prepare(kReadBytes),
                  IoHandler([self = shared_from_this()](ErrorCode error, std::size_t) {
                    error ? self->close() : self->read_away();
                  }));
  }

  void open_socket(Request request) {
    auto session = std::make_shared<Session>(core_, channel_);
    session->accept(parser_->get(), [self = shared_from_this(), session,
                                     request = std::move(request)]() mutable {
      const auto core = self->shared_core_.lock();
      if (!core) return session->close();
      auto handle = std::make_shared<SocketHandle>(core, session);
      const bool taken = core->workers->submit(
          [core, handle, request = std::move(request)] { greet(*core, request, handle); });
      if (!taken) session->close();
    });
  }

  /// On a worker's thread. What it throws ends the socket: nobody has kept it.
  static void greet(Core& core, const Request& request, std::shared_ptr<WebSocket> socket) {
    try {
      core.on_websocket(request, std::move(socket));
    } catch (...) {
    }
  }

  Core& core_;
  std::weak_ptr<Core> shared_core_;
  Channel channel_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string out_;
  std::size_t sent_ = 0;
  Steady::time_point deadline_ = Steady::time_point::max();
  bool busy_ = false;
  bool continued_ = false;
  bool keep_alive_ = true;
  bool old_client_ = false;
  bool head_only_ = false;
  Membership membership_;
};

}  // namespace understudy::http
