#pragma once
// Signing in and out, for a service with sessions.

#include <string>

#include "redis_store.h"
#include "sessions.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds /signin and /signout to a site. All of it is in this region's Redis; the database is not
/// asked. Outlives the site's last request.
class SignIn {
 public:
  /// With an e-mail address and nothing else: this is a demonstration, and says so.
  SignIn(Site& site, Sessions& sessions, RedisStore& store);
  /// With the one password of the staff.
  SignIn(Site& site, Sessions& sessions, RedisStore& store, std::string staff_password);
  SignIn(const SignIn&) = delete;
  SignIn& operator=(const SignIn&) = delete;

 private:
  void add_routes();
  http::Response form(const Visit& visit, std::string_view next, const std::string& why,
                      unsigned status) const;
  http::Response sign_in(Visit& visit);
  http::Response sign_out(Visit& visit);
  struct Verdict {
    unsigned status = 200;
    std::string who;
    std::string why;  ///< not, for the visitor
  };
  Verdict judge(const Visit& visit);
  Verdict judge_password(const Visit& visit);

  Site& site_;
  Sessions& sessions_;
  RedisStore& store_;
  const std::string staff_password_;
};

}  // namespace understudy::boxoffice
