#include "sessions.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "form.h"
#include "request_parts.h"

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::hours kLasts{12};

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view text) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::string as_hexadecimal(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

/// As random_name() makes them.
bool is_session(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

Sessions::Sessions(RedisStore& store, const std::string& name)
    : store_(store), name_(name + "-session") {}

/// Redis, should somebody read it, holds no name that a cookie could be made of.
std::string Sessions::key_of(const std::string& session) const {
  return name_ + ":" + as_hexadecimal(digest_of("key " + session));
}

Visitor Sessions::find(const http::Request& request) {
  Visitor visitor;
  visitor.session = find_cookie(request, name_);
  visitor.has_cookie = is_session(visitor.session);
  if (!visitor.has_cookie) {
    visitor.session = random_name();
    return visitor;
  }
  const auto name = store_.get(key_of(visitor.session));
  visitor.is_known = name.ok();
  if (name && *name) visitor.name = **name;
  return visitor;
}

Result<Visitor> Sessions::sign_in(const std::string& who) {
  Visitor visitor{.session = random_name(), .name = who};
  if (auto kept = store_.set(key_of(visitor.session), who, kLasts); !kept) return kept.error();
  return visitor;
}

Result<Visitor> Sessions::sign_out(const Visitor& visitor) {
  if (auto gone = store_.remove(key_of(visitor.session)); !gone) return gone.error();
  return Visitor{.session = random_name()};
}

std::string Sessions::cookie(const Visitor& visitor) const {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax", name_, visitor.session,
                     std::chrono::seconds(kLasts).count());
}

std::string form_token(const Visitor& visitor) {
  return as_hexadecimal(digest_of("form " + visitor.session));
}

/// Digests are compared, so that not even the length of a secret shows in the time it takes.
bool same_secret(std::string_view a, std::string_view b) {
  const Digest one = digest_of(a);
  const Digest other = digest_of(b);
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace understudy::boxoffice
