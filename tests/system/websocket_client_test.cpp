#include "system/websocket_client.h"

#include <condition_variable>
#include <mutex>

#include "http_fixture.h"

namespace understudy::test {
namespace {

class WebSocketClients : public testing::Test {
 protected:
  std::unique_ptr<http::Server> greeter() {
    return serve([](const Request&) { return ok("plain"); }, {},
                 [this](const Request& request, std::shared_ptr<http::WebSocket> socket) {
                   const std::lock_guard lock(mutex_);
                   sockets_.push_back(socket);
                   socket->send("welcome to " + request.path);
                 });
  }
  static auto connect(const http::Server& server) {
    return http::WebSocketClient::connect("127.0.0.1", server.port(), "/feed?event=7", 5s);
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<http::WebSocket>> sockets_;
};

TEST_F(WebSocketClients, hear_what_the_server_says_and_that_it_has_gone) {
  auto server = greeter();
  auto client = connect(*server);
  ASSERT_TRUE(client.ok()) << client.error().what;
  auto first = (*client)->read(5s);
  ASSERT_TRUE(first.ok()) << first.error().what;
  EXPECT_EQ(*first, "welcome to /feed");
  {
    const std::lock_guard lock(mutex_);
    sockets_.at(0)->send("a");
    sockets_.at(0)->send("b");
  }
  EXPECT_EQ((*client)->read(5s).value(), "a");
  EXPECT_EQ((*client)->read(5s).value(), "b");
  auto silence = (*client)->read(1ms);
  ASSERT_FALSE(silence.ok());
  EXPECT_EQ(silence.error().after, After::unchanged_retry);
  {
    const std::lock_guard lock(mutex_);
    sockets_.at(0)->close();
  }
  auto end = (*client)->read(5s);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().after, After::unknown);
}

TEST_F(WebSocketClients, say_when_nobody_listens_or_nobody_speaks_websocket) {
  auto server = serve([](const Request&) { return ok("plain"); });
  auto refused = connect(*server);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().after, After::unchanged_retry);
  server.reset();
  auto nobody = http::WebSocketClient::connect("127.0.0.1", 1, "/", 1s);
  ASSERT_FALSE(nobody.ok());
  EXPECT_NE(nobody.error().what.find("127.0.0.1:1"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
