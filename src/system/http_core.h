#pragma once
// Internal to http_server.cpp: what all connections of a server share.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "system/http_server.h"
#include "system/http_workers.h"

namespace understudy::http {

using Steady = std::chrono::steady_clock;

/// Somebody the server can end: a connection or an open WebSocket. Works on the server's thread,
/// but ends its life on whichever thread lets go of it last.
class Member {
 public:
  virtual ~Member() = default;
  virtual void close() = 0;
  /// Whether it may be closed without cutting an answer off.
  [[nodiscard]] virtual bool idle() const = 0;
  /// When it has been silent for too long.
  [[nodiscard]] virtual Steady::time_point deadline() const = 0;
};

/// Those that live.
class Members {
 public:
  using Place = std::list<Member*>::iterator;

  Place add(Member& member) {
    const std::lock_guard lock(mutex_);
    return all_.insert(all_.end(), &member);
  }
  void remove(Place place) {
    const std::lock_guard lock(mutex_);
    all_.erase(place);
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }
  /// Members only begin to end by it; none is added or removed meanwhile.
  template <class Predicate>
  void close_if(Predicate predicate) {
    const std::lock_guard lock(mutex_);
    for (Member* member : all_)
      if (predicate(*member)) member->close();
  }

 private:
  mutable std::mutex mutex_;
  std::list<Member*> all_;
};

/// Apart from `members`, the workers and posting to `io`, for the server's own thread.
struct Core {
  Members members;  ///< before `io`, whose end destroys the last of them
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

/// A member's own entry. The last of its fields, so that it leaves before anything else of it goes:
/// until then the server's thread may still call it.
class Membership {
 public:
  Membership(Core& core, Member& member)
      : members_(core.members), place_(core.members.add(member)) {}
  ~Membership() { members_.remove(place_); }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  Members& members_;
  Members::Place place_;
};

}  // namespace understudy::http
