#include <condition_variable>
#include <mutex>

#include "http_fixture.h"
#include "raw_client.h"

namespace understudy::test {
namespace {

/// Keeps the sockets that were opened.
class Sockets {
 public:
  http::OnWebSocket opened() {
    return [this](const Request& request, std::shared_ptr<http::WebSocket> socket) {
      const std::lock_guard lock(mutex_);
      target_ = request.path + "?" + request.query;
      socket_ = std::move(socket);
      changed_.notify_all();
    };
  }
  std::shared_ptr<http::WebSocket> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 5s, [this] { return socket_ != nullptr; });
    return std::exchange(socket_, nullptr);
  }
  std::string target_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<http::WebSocket> socket_;
};

class WebSockets : public testing::Test {
 protected:
  Sockets sockets_;
  std::unique_ptr<http::Server> server_ =
      serve([](const Request&) { return ok("plain"); }, {}, sockets_.opened());
};

TEST_F(WebSockets, messages_arrive_in_order) {
  RawClient client(server_->port());
  const std::string header = client.upgrade("/feed?event=7");
  EXPECT_NE(header.find(" 101 "), std::string::npos);
  EXPECT_NE(header.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  auto socket = sockets_.wait();
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(sockets_.target_, "/feed?event=7");
  EXPECT_TRUE(socket->open());
  client.send_message("dropped");
  for (int i = 0; i < 500; ++i) socket->send("message " + std::to_string(i));
  socket->send(std::string(60'000, 'x'));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(client.message(), "message " + std::to_string(i));
  EXPECT_TRUE(client.message() == std::string(60'000, 'x'));
}

TEST_F(WebSockets, closing_ends_it) {
  RawClient client(server_->port());
  client.upgrade("/feed");
  auto socket = sockets_.wait();
  ASSERT_NE(socket, nullptr);
  socket->close();
  EXPECT_EQ(client.message(), std::nullopt);
  EXPECT_FALSE(socket->open());
  socket->send("nothing");
}

TEST_F(WebSockets, it_is_closed_when_nobody_holds_it) {
  RawClient client(server_->port());
  client.upgrade("/feed");
  sockets_.wait().reset();
  EXPECT_EQ(client.message(), std::nullopt);
}

TEST_F(WebSockets, a_reader_far_behind_is_closed) {
  RawClient client(server_->port());
  client.upgrade("/feed");
  auto socket = sockets_.wait();
  ASSERT_NE(socket, nullptr);
  const std::string text(60'000, 'x');
  for (int i = 0; i < 10'000 && socket->open(); ++i) socket->send(text);
  EXPECT_FALSE(socket->open());
}

TEST_F(WebSockets, a_client_that_hangs_up_is_noticed) {
  auto client = std::make_unique<RawClient>(server_->port());
  client->upgrade("/feed");
  auto socket = sockets_.wait();
  ASSERT_NE(socket, nullptr);
  client.reset();
  while (socket->open()) socket->send("x");  // the test's own limit ends it otherwise
}

TEST_F(WebSockets, a_socket_may_outlive_its_server) {
  RawClient client(server_->port());
  client.upgrade("/feed");
  auto socket = sockets_.wait();
  ASSERT_NE(socket, nullptr);
  server_->stop(1s);
  EXPECT_EQ(client.message(), std::nullopt);
  server_.reset();
  socket->send("nobody");
  socket->close();
  EXPECT_FALSE(socket->open());
}

TEST_F(WebSockets, ordinary_requests_are_answered_beside_it) {
  auto answer = http::Client().send(url(*server_, "/feed"), get(), 2s);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "plain");
}

}  // namespace
}  // namespace understudy::test
