// What clients send by mistake or on purpose must hurt nobody but them.

#include "http_fixture.h"
#include "raw_client.h"

namespace understudy::test {
namespace {

class HostileClient : public testing::Test {
 protected:
  void still_serves() {
    auto answer = http::Client().send(url(*server_, "/"), get(), 2s);
    ASSERT_TRUE(answer.ok()) << answer.error().what;
    EXPECT_EQ(answer->body, "fine");
  }
  std::unique_ptr<http::Server> server_ =
      serve([](const Request&) { return ok("fine"); },
            {.body_bytes_max = 1000, .idle_timeout = std::chrono::milliseconds(200)});
};

TEST_F(HostileClient, a_body_that_is_too_long_is_413) {
  auto answer = http::Client().send(url(*server_, "/"), post(std::string(1001, 'x')), 2s);
  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->status, 413U);
  EXPECT_NE(answer->body.find("1000"), std::string::npos);
  auto fits = http::Client().send(url(*server_, "/"), post(std::string(1000, 'x')), 2s);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(fits->status, 200U);
}

TEST_F(HostileClient, a_long_body_still_being_sent_does_not_lose_its_413) {
  auto answer = http::Client().send(url(*server_, "/"), post(std::string(5'000'000, 'x')), 5s);
  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->status, 413U);
}

TEST_F(HostileClient, a_chunked_body_that_is_too_long_is_413) {
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_NE(client.read_to_end().value_or("").find(" 413 "), std::string::npos);
}

TEST_F(HostileClient, a_header_without_end_is_431) {
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 40; ++i) client.send("X-Long: " + std::string(1000, 'x') + "\r\n");
  EXPECT_NE(client.read_to_end().value_or("").find(" 431 "), std::string::npos);
  still_serves();
}

TEST_F(HostileClient, what_is_not_http_is_400) {
  for (const char* bytes :
       {"hello\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    RawClient client(server_->port());
    client.send(bytes);
    EXPECT_NE(client.read_to_end().value_or("").find(" 400 "), std::string::npos) << bytes;
  }
  still_serves();
}

TEST_F(HostileClient, a_request_with_two_lengths_is_not_smuggled) {
  RawClient client(server_->port());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
  EXPECT_NE(client.read_to_end().value_or("").find(" 400 "), std::string::npos);
}

TEST_F(HostileClient, silence_is_closed) {
  RawClient client(server_->port());
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HostileClient, hanging_up_in_the_middle_is_noticed_by_nobody) {
  for (const char* bytes : {"", "GET", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123",
                            "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    RawClient client(server_->port());
    client.send(bytes);
  }
  still_serves();
}

TEST_F(HostileClient, who_expects_to_be_told_is_told_to_continue) {
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ab");
  EXPECT_NE(client.read_until("fine").find("200 OK"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
