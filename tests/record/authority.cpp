#include "authority.h"

#include "local/authority.h"

namespace understudy::record {

TestAuthority::TestAuthority() {
  EXPECT_EQ(why(make_authority(scratch_.folder(), "shop")), "");
  for (const char* name : {"controller", "registry"})
    EXPECT_EQ(why(issue_certificate(scratch_.folder(), scratch_.folder(), name, {})), "");
}

Signer TestAuthority::signer(const std::string& name) const {
  auto made = Signer::of(key_of(name), certificate_of(name));
  EXPECT_EQ(why(made), "");
  return std::move(*made);
}

std::string TestAuthority::certificate() const { return text_of(scratch_.file("authority.crt")); }
std::string TestAuthority::key_of(const std::string& name) const {
  return text_of(scratch_.file(name + ".key"));
}
std::string TestAuthority::certificate_of(const std::string& name) const {
  return text_of(scratch_.file(name + ".crt"));
}

}  // namespace understudy::record
