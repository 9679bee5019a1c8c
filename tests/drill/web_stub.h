#pragma once
// A tiny HTTP server whose every whim a test decides, down to cutting a connection.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace understudy::drill {

struct StubRequest {
  std::string method;
  std::string path;
  std::string key;  ///< Idempotency-Key
  std::string body;
};

struct StubReply {
  unsigned status = 200;
  std::string body;
};

/// Serves all connections on one thread, so a handler that waits stalls everything, as a frozen
/// service does: the kernel still accepts connections and requests.
class WebStub {
 public:
  /// None: the connection is cut without an answer. Runs on the stub's thread.
  using Handler = std::function<std::optional<StubReply>(const StubRequest&)>;

  explicit WebStub(Handler handler);
  ~WebStub();
  WebStub(const WebStub&) = delete;
  WebStub& operator=(const WebStub&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] unsigned connections_accepted() const { return accepted_; }

 private:
  void serve();
  bool read_from(int connection);
  bool answer_all(int connection, std::string& received);

  Handler handler_;
  int listener_ = -1;
  int waker_ = -1;
  unsigned port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<unsigned> accepted_ = 0;
  std::map<int, std::string> connections_;
  std::thread thread_;
};

/// What a healthy boxoffice says to a buyer; seats are given out in order.
[[nodiscard]] std::string sale(const StubRequest& request, long epoch, const std::string& region);

/// Waits until it is true, at most half a minute; whether it became true.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

}  // namespace understudy::drill
