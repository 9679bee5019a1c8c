// Mutual TLS: each side believes only what the authority has signed.

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "http_fixture.h"
#include "raw_client.h"

namespace understudy::test {
namespace {

/// An authority and certificates of a throw-away folder.
class Authority {
 public:
  Authority() {
    char name[] = "/tmp/understudy-tls-XXXXXX";
    folder_ = mkdtemp(name);
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        "-subj /CN=authority -keyout authority.key -out authority.pem");
  }
  ~Authority() { std::filesystem::remove_all(folder_); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  /// `address` is what the certificate is good for.
  http::Tls issue(const std::string& name, const std::string& address = "127.0.0.1") const {
    std::ofstream(folder_ + "/" + name + ".ext") << "subjectAltName=IP:" << address << "\n";
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".csr");
    openssl("x509 -req -in " + name + ".csr -CA authority.pem -CAkey authority.key " +
            "-CAcreateserial -days 2 -extfile " + name + ".ext -out " + name + ".pem");
    return {folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key", file()};
  }
  [[nodiscard]] std::string file() const { return folder_ + "/authority.pem"; }

 private:
  void openssl(const std::string& arguments) const {
    const std::string command = "cd " + folder_ + " && openssl " + arguments + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::string folder_;
};

class MutualTls : public testing::Test {
 protected:
  static std::unique_ptr<http::Server> serve_as(const http::Tls& tls) {
    return serve([](const Request& request) { return ok("hello " + request.peer); }, {.tls = tls});
  }
  static Result<Response> call(const http::Server& server, http::ClientOptions options) {
    return http::Client(std::move(options)).send(url(server, "/", "https"), get(), 5s);
  }
  Authority authority_;
  http::Tls server_tls_ = authority_.issue("server");
};

TEST_F(MutualTls, both_sides_know_each_other) {
  auto server = serve_as(server_tls_);
  const http::Client client({.tls = authority_.issue("agent-north")});
  for (int i = 0; i < 3; ++i) {
    auto answer = client.send(url(*server, "/", "https"), get(), 5s);
    ASSERT_TRUE(answer.ok()) << answer.error().what;
    EXPECT_EQ(answer->body, "hello agent-north");
  }
}

TEST_F(MutualTls, a_client_without_a_certificate_is_refused) {
  auto server = serve_as(server_tls_);
  http::Tls anonymous{"", "", authority_.file()};
  EXPECT_FALSE(call(*server, {.tls = anonymous}).ok());
}

TEST_F(MutualTls, a_client_of_another_authority_is_refused) {
  auto server = serve_as(server_tls_);
  const Authority other;
  http::Tls stranger = other.issue("agent-north");
  stranger.authority_file = authority_.file();
  EXPECT_FALSE(call(*server, {.tls = stranger}).ok());
}

TEST_F(MutualTls, a_server_of_another_authority_is_not_believed_and_gets_nothing) {
  const Authority other;
  http::Tls impostor = other.issue("server");
  bool asked = false;
  auto server = serve(
      [&asked](const Request&) {
        asked = true;
        return ok("");
      },
      {.tls = impostor});
  auto answer = call(*server, {.tls = authority_.issue("agent")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().after, After::unchanged_retry);
  EXPECT_FALSE(asked);
}

TEST_F(MutualTls, a_certificate_is_good_only_for_its_address) {
  auto server = serve_as(authority_.issue("elsewhere", "127.0.9.9"));
  auto answer = call(*server, {.tls = authority_.issue("agent")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().after, After::unchanged_retry);
}

TEST_F(MutualTls, plain_http_is_not_spoken) {
  auto server = serve_as(server_tls_);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_EQ(answer.value_or("").find("HTTP"), std::string::npos);
}

TEST_F(MutualTls, an_answer_that_may_not_leave_does_not) {
  auto server = serve(
      [](const Request&) {
        Response response = ok("sold");
        response.may_leave = [] { return false; };
        return response;
      },
      {.tls = server_tls_});
  auto answer = call(*server, {.tls = authority_.issue("agent")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().after, After::unknown);
}

TEST_F(MutualTls, a_long_body_passes_both_ways) {
  auto server = serve([](const Request& request) { return ok(request.body); },
                      {.tls = server_tls_, .body_bytes_max = 10U << 20U});
  const http::Client client({.tls = authority_.issue("agent")});
  const std::string body(3'000'000, 'x');
  auto answer = client.send(url(*server, "/", "https"), post(body), 10s);
  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->body, body);
}

TEST_F(MutualTls, a_file_that_cannot_be_read_is_named) {
  for (auto wrong :
       {&http::Tls::certificate_file, &http::Tls::key_file, &http::Tls::authority_file}) {
    http::Tls tls = server_tls_;
    tls.*wrong = "/nowhere/file.pem";
    auto server = http::Server::start({.tls = tls}, [](const Request&) { return ok(""); });
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.error().after, After::unchanged_final);
    EXPECT_NE(server.error().what.find("/nowhere/file.pem"), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::test
