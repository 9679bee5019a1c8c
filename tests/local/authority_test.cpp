// The stack's own certificates, judged by OpenSSL's command.
#include "local/authority.h"

#include <gmock/gmock.h>

#include "scratch.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::Not;

class Authority : public testing::Test {
 public:
  Authority() {
    EXPECT_EQ(why(make_authority(scratch_.folder(), "shop")), "");
    EXPECT_EQ(
        why(issue_certificate(scratch_.folder(), scratch_.folder(), "agent-north", {"127.0.1.1"})),
        "");
  }
  const Scratch scratch_;
};

TEST_F(Authority, signs_what_openssl_verifies_for_both_sides_and_its_address_only) {
  const std::string verify = "openssl verify -CAfile " + scratch_.file("authority.crt") + " ";
  const std::string certificate = scratch_.file("agent-north.crt");
  shell(verify + "-purpose sslserver -verify_ip 127.0.1.1 " + certificate);
  shell(verify + "-purpose sslclient " + certificate);
  shell("! " + verify + "-verify_ip 127.0.2.1 " + certificate);
  EXPECT_THAT(shell("openssl x509 -noout -subject -in " + certificate), HasSubstr("agent-north"));
  EXPECT_THAT(shell("openssl x509 -noout -text -in " + certificate), HasSubstr("CA:FALSE"));
  shell("openssl x509 -noout -checkend 2592000 -in " + certificate);
}

TEST_F(Authority, says_when_a_certificate_ends) {
  const auto end = certificate_end(scratch_.file("agent-north.crt"));
  ASSERT_EQ(why(end), "");
  const std::string by_openssl = shell("date -u -d \"$(openssl x509 -noout -enddate -in " +
                                       scratch_.file("agent-north.crt") + " | cut -d= -f2)\" +%s");
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(end->time_since_epoch()).count(),
            std::stoll(by_openssl));
  EXPECT_THAT(why(certificate_end(scratch_.file("none.crt"))), HasSubstr("none.crt"));
  EXPECT_NE(why(certificate_end(scratch_.file("agent-north.key"))), "");
}

TEST_F(Authority, is_not_believed_for_certificates_that_its_children_sign) {
  // A region's certificate is no authority: what it "signs" does not verify.
  EXPECT_FALSE(issue_certificate(scratch_.folder() + "/none", scratch_.folder(), "x", {}));
  shell(
      "cd " + scratch_.folder() +
      " && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout f.key "
      "-subj /CN=controller -out f.csr 2>&1 && openssl x509 -req -in f.csr -CA agent-north.crt "
      "-CAkey agent-north.key -CAcreateserial -out f.crt 2>&1 && cat f.crt agent-north.crt > "
      "chain.crt");
  shell("! openssl verify -CAfile " + scratch_.file("authority.crt") + " -untrusted " +
        scratch_.file("chain.crt") + " " + scratch_.file("f.crt") + " 2>&1");
}

TEST_F(Authority, keeps_every_file_to_its_user) {
  for (const char* name :
       {"authority.key", "authority.crt", "agent-north.key", "agent-north.crt"}) {
    EXPECT_EQ(mode_of(scratch_.file(name)), 0600U) << name;
  }
}

TEST_F(Authority, is_made_once) {
  const std::string before = text_of(scratch_.file("authority.crt"));
  ASSERT_EQ(why(make_authority(scratch_.folder(), "shop")), "");
  EXPECT_EQ(text_of(scratch_.file("authority.crt")), before);
  EXPECT_THAT(before, Not(testing::IsEmpty()));
}

TEST_F(Authority, gives_no_two_certificates_one_serial_number) {
  ASSERT_EQ(why(issue_certificate(scratch_.folder(), scratch_.folder(), "cli", {})), "");
  const auto serial = [&](const std::string& name) {
    return shell("openssl x509 -noout -serial -in " + scratch_.file(name));
  };
  EXPECT_NE(serial("cli.crt"), serial("agent-north.crt"));
}

}  // namespace
}  // namespace understudy
