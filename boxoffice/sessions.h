#pragma once
// Who is at the other end: a cookie, and what this region's Redis knows about it.

#include <optional>
#include <string>

#include "redis_store.h"
#include "system/http.h"

namespace understudy::boxoffice {

/// Somebody with a browser. Every visitor who gets a form has a session, which is nothing but a
/// random name in a cookie until somebody signs in with it.
struct Visitor {
  std::string session;
  bool has_cookie = false;  ///< else the session was made for this answer, which must set it
  std::string name;         ///< who signed in; "": nobody, or nobody knows
  bool is_known = true;     ///< false: Redis did not say, so somebody may be signed in
};

/// Thread-safe. A region's Redis is its own: after a failover, or when it is lost, everybody signs
/// in again, and nothing else is lost.
class Sessions {
 public:
  /// `name` keeps the cookies and keys of one service apart from another's.
  Sessions(RedisStore& store, const std::string& name);

  [[nodiscard]] Visitor find(const http::Request& request);
  /// A new session, so that whoever knew the old one's name gains nothing. Errors as RedisStore.
  [[nodiscard]] Result<Visitor> sign_in(const std::string& who);
  /// Forgotten here; the visitor to go on as, of whom the other region knows nothing either.
  [[nodiscard]] Result<Visitor> sign_out(const Visitor& visitor);
  /// The value of a Set-Cookie header.
  [[nodiscard]] std::string cookie(const Visitor& visitor) const;

 private:
  [[nodiscard]] std::string key_of(const std::string& session) const;

  RedisStore& store_;
  const std::string name_;
};

/// What a form of this session must bring along. It is a digest of the session's name, which only
/// its browser knows, so every process of either region can check it without having stored it.
[[nodiscard]] std::string form_token(const Visitor& visitor);
/// In constant time.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);

}  // namespace understudy::boxoffice
