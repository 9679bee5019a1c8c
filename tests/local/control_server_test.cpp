// Who may call what on the control plane.
#include "local/control_server.h"

#include <gmock/gmock.h>

#include "local/authority.h"
#include "scratch.h"
#include "system/http_client.h"

namespace understudy {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

constexpr auto kPatience = milliseconds(5000);

class Control : public testing::Test {
 public:
  Control() {
    EXPECT_EQ(why(make_authority(scratch_.folder(), "shop")), "");
    for (const char* name : {"registry", "controller", "agent-north", "cli", "agentx"})
      EXPECT_EQ(why(issue_certificate(scratch_.folder(), scratch_.folder(), name, {"127.0.0.1"})),
                "");
    auto server = serve_control({"127.0.0.1", 0}, certificate_files(scratch_.folder(), "registry"),
                                routes(), 2);
    EXPECT_EQ(why(server), "");
    server_ = std::move(*server);
  }

  std::vector<ControlRoute> routes() {
    return {{"POST",
             "/v1/fence",
             {"controller", "agent-*"},
             [this](const ControlCall& call) {
               ++calls_;
               return control_answer({{"told", call.body.size()}});
             }},
            {"GET", "/v1/wait", {"cli"}, [](const ControlCall& call) {
               return control_answer({{"ms", wait_of(call).count()}});
             }}};
  }

  [[nodiscard]] std::string url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  /// As the bearer of a certificate.
  [[nodiscard]] Result<http::Response> call(const std::string& name, const std::string& method,
                                            const std::string& path,
                                            const std::string& body = "") const {
    const http::Client client({.tls = certificate_files(scratch_.folder(), name)});
    return client.send(url(path), {.method = method, .body = body}, kPatience);
  }

  const Scratch scratch_;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<http::Server> server_;
};

TEST_F(Control, serves_those_who_are_named_and_those_a_pattern_names) {
  for (const char* name : {"controller", "agent-north"}) {
    auto answer = call(name, "POST", "/v1/fence", R"({"term":7})");
    ASSERT_EQ(why(answer), "") << name;
    EXPECT_EQ(answer->status, 200U) << name;
  }
  EXPECT_EQ(calls_, 2);
}

TEST_F(Control, forbids_a_good_certificate_of_the_wrong_name) {
  for (const char* name : {"cli", "registry", "agentx"}) {
    auto answer = call(name, "POST", "/v1/fence", R"({"term":7})");
    ASSERT_EQ(why(answer), "") << name;
    EXPECT_EQ(answer->status, 403U) << name;
    EXPECT_THAT(answer->body, HasSubstr(name));
  }
  EXPECT_EQ(calls_, 0);
}

TEST_F(Control, answers_nobody_without_a_certificate) {
  const std::string said =
      shell("curl --silent --show-error --max-time 5 --cacert " + scratch_.file("authority.crt") +
            " -X POST " + url("/v1/fence") + " 2>&1 || true");
  EXPECT_THAT(said, HasSubstr("certificate required"));
  EXPECT_EQ(calls_, 0);
}

TEST_F(Control, answers_nobody_of_another_authority_whatever_its_name) {
  const Scratch elsewhere;
  ASSERT_EQ(why(make_authority(elsewhere.folder(), "shop")), "");
  ASSERT_EQ(why(issue_certificate(elsewhere.folder(), elsewhere.folder(), "controller", {})), "");
  http::Tls mixed = certificate_files(elsewhere.folder(), "controller");
  mixed.authority_file = scratch_.file("authority.crt");  // it does believe the server
  const http::Client client({.tls = mixed});
  EXPECT_FALSE(client.send(url("/v1/fence"), {.method = "POST"}, kPatience));
  EXPECT_EQ(calls_, 0);
}

TEST_F(Control, says_what_is_not_served_and_what_is_no_object) {
  EXPECT_EQ(call("controller", "GET", "/v1/fence")->status, 405U);
  EXPECT_EQ(call("controller", "GET", "/v1/secrets")->status, 404U);
  EXPECT_EQ(call("controller", "POST", "/v1/fence", "[1]")->status, 400U);
  EXPECT_EQ(call("controller", "POST", "/v1/fence", "{")->status, 400U);
  EXPECT_EQ(calls_, 0);
}

TEST_F(Control, bounds_how_long_a_caller_may_make_it_wait) {
  const auto waits = [&](const std::string& asked) {
    return call("cli", "GET", "/v1/wait" + asked)->body;
  };
  EXPECT_EQ(waits(""), R"({"ms":500})");
  EXPECT_EQ(waits("?wait_ms=70"), R"({"ms":70})");
  EXPECT_EQ(waits("?wait_ms=99999999"), R"({"ms":10000})");
  EXPECT_EQ(waits("?wait_ms=-5"), R"({"ms":0})");
  EXPECT_EQ(waits("?wait_ms=soon"), R"({"ms":0})");
}

}  // namespace
}  // namespace understudy
