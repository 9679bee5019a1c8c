#include "system/http_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <memory>

namespace understudy::http {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

Error unusable(std::string_view what, const std::string& file) {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {After::unchanged_final,
          fmt::format("the TLS {} {} cannot be used: {}; expected a readable PEM file", what, file,
                      reason == nullptr ? "unreadable" : reason)};
}

}  // namespace

Result<SSL_CTX*> make_server_context(const Tls& tls) {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, ContextDeleter> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Error{After::unchanged_retry, "OpenSSL gave no context: out of memory"};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Every connection proves itself anew: a resumed session would outlive a changed authority.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context.get(), 0);
  // The write buffer of a retried write may have moved; only its contents are the same.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate_file.c_str()) != 1)
    return unusable("certificate", tls.certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable("key", tls.key_file);
  if (SSL_CTX_check_private_key(context.get()) != 1) return unusable("key", tls.key_file);
  if (SSL_CTX_load_verify_locations(context.get(), tls.authority_file.c_str(), nullptr) != 1)
    return unusable("authority", tls.authority_file);
  return context.release();
}

std::string peer_name(SSL* session) {
  X509* certificate = SSL_get1_peer_certificate(session);
  if (certificate == nullptr) return {};
  char name[256] = {};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name, sizeof name);
  X509_free(certificate);
  return length <= 0 ? std::string() : std::string(name, static_cast<std::size_t>(length));
}

}  // namespace understudy::http
