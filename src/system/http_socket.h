#pragma once
// Internal to http_server.cpp: an open WebSocket.

#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <string>

#include "system/http_channel.h"
#include "system/http_core.h"

namespace understudy::http {

constexpr std::size_t kMessagesBehindMax = 1000;
constexpr std::size_t kMessageBytesMax = 64 * 1024;

/// Lives as long as its reading does, or somebody sends through it.
class Session final : public Member, public std::enable_shared_from_this<Session> {
 public:
  Session(Core& core, Channel channel)
      : executor_(channel.get_executor()), stream_(std::move(channel)), membership_(core, *this) {}

  /// Answers the upgrade and reads until the end. `opened` is called once it is open.
  template <class UpgradeRequest>
  void accept(const UpgradeRequest& request, std::function<void()> opened) {
    namespace ws = boost::beast::websocket;
    ws::stream_base::timeout limits =
        ws::stream_base::timeout::suggested(boost::beast::role_type::server);
    limits.handshake_timeout = std::chrono::seconds(5);
    limits.idle_timeout = std::chrono::seconds(30);
    limits.keep_alive_pings = true;
    stream_.set_option(limits);
    stream_.read_message_max(kMessageBytesMax);
    stream_.text(true);
    stream_.auto_fragment(false);  // one message, one frame
    stream_.async_accept(request,
                         [self = shared_from_this(), opened = std::move(opened)](ErrorCode error) {
                           if (error) return self->close();
                           self->open_ = true;
                           self->read();
                           opened();
                         });
  }

  // From any thread.
  void send(std::string text) {
    if (!open_) return;
    if (behind_.fetch_add(1) >= kMessagesBehindMax) {
      behind_.fetch_sub(1);
      return close_soon();
    }
    net::post(executor_, [self = shared_from_this(), text = std::move(text)]() mutable {
      self->queue_.push_back(std::move(text));
      if (self->queue_.size() == 1) self->write();
    });
  }
  void close_soon() {
    open_ = false;
    net::post(executor_, [self = shared_from_this()] { self->say_goodbye(); });
  }
  [[nodiscard]] bool open() const { return open_; }

  // On the server's thread.
  void close() override {
    open_ = false;
    stream_.next_layer().close();
  }
  [[nodiscard]] bool idle() const override { return true; }
  [[nodiscard]] Steady::time_point deadline() const override { return deadline_; }

 private:
  void read() {
    stream_.async_read(incoming_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error) return self->close();
      self->incoming_.clear();
      self->read();
    });
  }
  void write() {
    stream_.async_write(net::buffer(queue_.front()),
                        [self = shared_from_this()](ErrorCode error, std::size_t) {
                          if (error) return self->close();
                          self->queue_.pop_front();
                          self->behind_.fetch_sub(1);
                          if (!self->queue_.empty()) self->write();
                        });
  }
  /// A close frame if nothing is being written; a reader that is behind gets none.
  void say_goodbye() {
    if (closing_) return;
    closing_ = true;
    if (!queue_.empty()) return close();
    deadline_ = Steady::now() + std::chrono::seconds(1);
    stream_.async_close(boost::beast::websocket::close_code::going_away,
                        [self = shared_from_this()](ErrorCode) { self->close(); });
  }

  Executor executor_;
  boost::beast::websocket::stream<Channel, false> stream_;
  boost::beast::flat_buffer incoming_;
  std::deque<std::string> queue_;  ///< the front one is being written
  Steady::time_point deadline_ = Steady::time_point::max();
  bool closing_ = false;
  std::atomic<std::size_t> behind_{0};
  std::atomic<bool> open_{false};
  Membership membership_;
};

/// What a caller holds: may outlive the server.
class SocketHandle final : public WebSocket {
 public:
  SocketHandle(std::shared_ptr<Core> core, const std::shared_ptr<Session>& session)
      : core_(std::move(core)), session_(session) {}
  ~SocketHandle() override { SocketHandle::close(); }
  SocketHandle(const SocketHandle&) = delete;
  SocketHandle& operator=(const SocketHandle&) = delete;

  void send(std::string text) override {
    if (const auto session = session_.lock()) session->send(std::move(text));
  }
  void close() override {
    if (const auto session = session_.lock()) session->close_soon();
  }
  [[nodiscard]] bool open() const override {
    const auto session = session_.lock();
    return session && session->open();
  }

 private:
  std::shared_ptr<Core> core_;  ///< keeps the thread's queue, for posts that come after the end
  std::weak_ptr<Session> session_;
};

}  // namespace understudy::http
