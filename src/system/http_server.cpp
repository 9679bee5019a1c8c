#include "system/http_server.h"

// The only file that includes Asio and Beast, through its four internal headers: it takes as long
// to compile as many others together.

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "system/http_connection.h"

namespace understudy::http {
namespace {

constexpr std::size_t kRequestsWaitingMax = 10'000;
constexpr std::size_t kConnectionsMax = 20'000;
constexpr std::chrono::milliseconds kSweepEvery{500};

class BeastServer final : public Server {
 public:
  explicit BeastServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~BeastServer() override { BeastServer::stop(std::chrono::milliseconds(0)); }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;

  /// Throws boost::system::system_error.
  void open() {
    const net::ip::tcp::endpoint at(net::ip::make_address(core_->options.address),
                                    core_->options.port);
    auto& acceptor = core_->acceptor.emplace(core_->io);
    acceptor.open(at.protocol());
    acceptor.set_option(net::socket_base::reuse_address(true));
    acceptor.bind(at);
    acceptor.listen(1024);
    port_ = acceptor.local_endpoint().port();
    core_->sweep.emplace(core_->io);
  }

  void run() {
    core_->workers = std::make_unique<Workers>(core_->options.workers, kRequestsWaitingMax);
    core_->urgent_workers = std::make_unique<Workers>(
        core_->options.is_urgent ? core_->options.urgent_workers : 1, kRequestsWaitingMax);
    accept();
    sweep();
    thread_ = std::thread([this] { core_->io.run(); });
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void stop(std::chrono::milliseconds grace) override {
    const std::lock_guard one_at_a_time(stopping_);
    if (!thread_.joinable()) return;
    net::post(core_->io, [this] {
      core_->stopping = true;
      ErrorCode ignored;
      core_->acceptor->close(ignored);
      close_members(Which::idle);
    });
    {
      std::unique_lock lock(mutex_);
      everybody_left_.wait_for(lock, grace, [this] { return empty_; });
    }
    net::post(core_->io, [this] { close_members(Which::all); });
    core_->workers->stop();
    core_->urgent_workers->stop();
    net::post(core_->io, [this] { core_->io.stop(); });
    thread_.join();
    // They may hold sockets of ours, which hold the core.
    core_->handler = {};
    core_->on_websocket = {};
    core_->options.is_urgent = {};
  }

 private:
  enum class Which : bool { idle, all };

  void accept() {
    core_->acceptor->async_accept(core_->io.get_executor(), [this](ErrorCode error, Socket socket) {
      if (core_->stopping) return;
      if (!error && core_->members.size() < kConnectionsMax)
        std::make_shared<Connection>(core_, std::move(socket))->start();
      // Out of file descriptors: the sweep tries again, rather than a busy loop.
      error&& error != net::error::connection_aborted ? accept_later() : accept();
    });
  }
  void accept_later() { accept_again_ = true; }

  /// Ends who has been silent for too long, and tells stop() when nobody is left.
  void sweep() {
    const auto now = Steady::now();
    core_->members.close_if([now](const Member& member) { return member.deadline() <= now; });
    if (accept_again_ && !core_->stopping) {
      accept_again_ = false;
      accept();
    }
    if (core_->stopping && core_->members.size() == 0) {
      const std::lock_guard lock(mutex_);
      empty_ = true;
      everybody_left_.notify_all();
    }
    core_->sweep->expires_after(core_->stopping ? std::chrono::milliseconds(5) : kSweepEvery);
    core_->sweep->async_wait([this](ErrorCode) { sweep(); });
  }

  void close_members(Which which) {
    core_->members.close_if(
        [which](const Member& member) { return which == Which::all || member.idle(); });
    core_->sweep->cancel();  // so that it looks at once
  }

  std::shared_ptr<Core> core_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  bool accept_again_ = false;
  std::mutex stopping_;
  std::mutex mutex_;
  std::condition_variable everybody_left_;
  bool empty_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler,
                                              OnWebSocket on_websocket) {
  ensure(static_cast<bool>(handler), "a server has a handler");
  const std::string where = fmt::format("{}:{}", options.address, options.port);
  auto core = std::make_shared<Core>();
  if (options.tls) {
    auto context = make_server_context(*options.tls);
    if (!context) return within("serving on " + where, context.error());
    core->tls.emplace(context.value());
  }
  core->options = std::move(options);
  core->handler = std::move(handler);
  core->on_websocket = std::move(on_websocket);
  try {
    auto server = std::make_unique<BeastServer>(std::move(core));
    server->open();
    server->run();
    return std::unique_ptr<Server>(std::move(server));
  } catch (const std::exception& failure) {
    return Error{After::unchanged_final,
                 fmt::format("cannot listen on {}: {}; expected a free port of an address of this "
                             "machine",
                             where, failure.what())};
  }
}

}  // namespace understudy::http
