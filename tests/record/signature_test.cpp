// Whose word a record is.

#include "record/signature.h"

#include <gmock/gmock.h>

#include "authority.h"
#include "local/authority.h"

namespace understudy::record {

namespace {

using testing::HasSubstr;

WallTime now() { return WallTime(std::chrono::system_clock::now().time_since_epoch()); }

class TheSignature : public testing::Test {
 protected:
  [[nodiscard]] Signature signed_by(const Signer& signer) const {
    const auto line = signer.sign(hash_);
    EXPECT_EQ(why(line), "");
    auto signature = read_signature(*line);
    EXPECT_EQ(why(signature), "");
    return *signature;
  }
  const TestAuthority authority_;
  const std::string hash_ = std::string(64, 'b');
};

}  // namespace

TEST_F(TheSignature, of_the_controller_holds_by_its_authority) {
  const Signature signature = signed_by(authority_.signer());
  EXPECT_EQ(signature.record_hash, hash_);
  EXPECT_EQ(why(check_signature(signature)), "");
  EXPECT_EQ(why(check_certificate(signature, authority_.certificate(), now())), "");
}

TEST_F(TheSignature, is_not_that_of_another_record) {
  Signature signature = signed_by(authority_.signer());
  signature.record_hash[0] = 'c';
  EXPECT_THAT(why(check_signature(signature)), HasSubstr("not the certificate's key's"));
}

TEST_F(TheSignature, is_worth_nothing_by_another_authority) {
  const TestAuthority other;
  const Signature signature = signed_by(other.signer());
  EXPECT_EQ(why(check_signature(signature)), "");
  EXPECT_THAT(why(check_certificate(signature, authority_.certificate(), now())),
              HasSubstr("does not vouch"));
  EXPECT_THAT(why(check_certificate(signature, "no certificate", now())),
              HasSubstr("does not vouch"));
}

TEST_F(TheSignature, of_another_process_of_the_stack_is_not_the_controllers) {
  const Signature signature = signed_by(authority_.signer("registry"));
  EXPECT_THAT(why(check_certificate(signature, authority_.certificate(), now())),
              HasSubstr("the certificate is registry's"));
}

TEST_F(TheSignature, is_judged_by_the_certificate_as_it_was_when_the_execution_ended) {
  const Signature signature = signed_by(authority_.signer());
  const auto at = [&](Duration later) {
    return why(check_certificate(signature, authority_.certificate(), now() + later));
  };
  EXPECT_EQ(at(std::chrono::days(360)), "");
  EXPECT_THAT(at(std::chrono::days(370)), HasSubstr("expired"));
  EXPECT_THAT(at(-std::chrono::days(2)), HasSubstr("not yet valid"));
}

TEST_F(TheSignature, takes_the_place_of_no_certificate_that_was_exchanged) {
  Signature signature = signed_by(authority_.signer());
  signature.certificates = signed_by(authority_.signer("registry")).certificates;
  EXPECT_NE(why(check_signature(signature)), "");
}

TEST_F(TheSignature, may_be_ed25519_and_then_is_the_same_each_time) {
  const Scratch scratch;
  shell("cd " + scratch.folder() +
        " && openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -subj /CN=controller -out "
        "c.pem 2>&1");
  const auto signer = Signer::of(text_of(scratch.file("k.pem")), text_of(scratch.file("c.pem")));
  ASSERT_EQ(why(signer), "");
  const auto one = signer->sign(hash_);
  const auto other = signer->sign(hash_);
  ASSERT_EQ(why(one), "");
  EXPECT_EQ(*one, *other);
  EXPECT_EQ(why(check_signature(*read_signature(*one))), "");
}

TEST_F(TheSignature, is_not_made_with_what_does_not_belong_together_or_is_too_weak) {
  EXPECT_NE(why(Signer::of(authority_.key_of("controller"), authority_.certificate_of("registry"))),
            "");
  EXPECT_NE(why(Signer::of("", authority_.certificate_of("controller"))), "");
  EXPECT_NE(why(Signer::of(authority_.key_of("controller"), "")), "");
}

TEST_F(TheSignature, of_any_other_spelling_is_refused) {
  const std::string line = *authority_.signer().sign(hash_);
  const auto altered = [&](const std::string& from, const std::string& to) {
    std::string text = line;
    text.replace(text.find(from), from.size(), to);
    return read_signature(text).ok();
  };
  EXPECT_TRUE(read_signature(line));
  EXPECT_FALSE(altered("\"signature\":\"3", "\"signature\":\"G"));
  EXPECT_FALSE(altered("{\"certificates\"", "{ \"certificates\""));
  EXPECT_FALSE(altered("\"certificates\":[\"", "\"certificates\":[\"A"));
  EXPECT_FALSE(altered("\"record\"", "\"recard\""));
}

}  // namespace understudy::record
