#pragma once
// Internal to http_server.cpp: what all connections of a server share. Apart from `post`, `io` and
// the limits, all of it belongs to the server's own thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "system/http_server.h"
#include "system/http_workers.h"

namespace understudy::http {

using Steady = std::chrono::steady_clock;

/// Somebody the server can end: a connection or an open WebSocket.
class Member {
 public:
  virtual ~Member() = default;
  virtual void close() = 0;
  /// Whether it may be closed without cutting an answer off.
  [[nodiscard]] virtual bool idle() const = 0;
  /// When it has been silent for too long.
  [[nodiscard]] virtual Steady::time_point deadline() const = 0;
};

struct Core {
  // Before `io`: its destructor destroys the last connections, which leave this list.
  std::list<Member*> members;
  ServerOptions options;
  Handler handler;
  OnWebSocket on_websocket;
  std::optional<boost::asio::ssl::context> tls;
  bool stopping = false;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Workers> urgent_workers;
  boost::asio::io_context io{1};
  std::optional<boost::asio::ip::tcp::acceptor> acceptor;
  std::optional<boost::asio::steady_timer> sweep;
};

/// Keeps itself in the list as long as it lives.
class Membership {
 public:
  Membership(Core& core, Member& member)
      : core_(core), at_(core.members.insert(core.members.end(), &member)) {}
  ~Membership() { core_.members.erase(at_); }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  Core& core_;
  std::list<Member*>::iterator at_;
};

}  // namespace understudy::http
