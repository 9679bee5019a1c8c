#include "local/authority.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <ctime>
#include <memory>

#include "system/file.h"

namespace understudy {

namespace {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* what) const {
    release(what);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releaser<X509_free>>;
using Buffer = std::unique_ptr<BIO, Releaser<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

constexpr long kDay = 24L * 60 * 60;

Error openssl_failed(const std::string& what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return {After::unchanged_final, what + ": " + text};
}

std::string to_pem(const Key& key) {
  const Buffer buffer(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(buffer.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long length = BIO_get_mem_data(buffer.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string to_pem(const Certificate& certificate) {
  const Buffer buffer(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(buffer.get(), certificate.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(buffer.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

bool extend(X509* certificate, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate for `key`, not yet signed. `issuer` null: it names itself.
Certificate draft(const Key& key, const std::string& name, X509* issuer, long days) {
  Certificate certificate(X509_new());
  unsigned char serial[8];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7F;
  const std::unique_ptr<BIGNUM, Releaser<BN_free>> number(
      BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()),
                  -kDay);  // for clocks that are a little behind
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(),
                       issuer != nullptr ? X509_get_subject_name(issuer) : subject);
  return certificate;
}

Result<Done> write_pair(const std::string& base, const Key& key, const Certificate& certificate) {
  auto wrote_key = file::write_durably(base + ".key", to_pem(key), 0600);
  if (!wrote_key) return wrote_key;
  return file::write_durably(base + ".crt", to_pem(certificate), 0600);
}

struct Pair {
  Key key;
  Certificate certificate;
};

Result<Pair> read_pair(const std::string& base) {
  auto key_text = file::read(base + ".key");
  if (!key_text) return key_text.error();
  auto certificate_text = file::read(base + ".crt");
  if (!certificate_text) return certificate_text.error();
  const Buffer key(BIO_new_mem_buf(key_text->data(), static_cast<int>(key_text->size())));
  const Buffer certificate(
      BIO_new_mem_buf(certificate_text->data(), static_cast<int>(certificate_text->size())));
  Pair pair{Key(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr)),
            Certificate(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr))};
  if (!pair.key || !pair.certificate) return openssl_failed(base);
  return pair;
}

}  // namespace

Result<Done> make_authority(const std::string& folder, const std::string& platform) {
  const std::string base = folder + "/authority";
  if (file::exists(base + ".crt")) return Done{};
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failed("making the authority's key");
  const Certificate certificate = draft(key, "understudy " + platform, nullptr, 3650);
  const bool made =
      extend(certificate.get(), certificate.get(), NID_basic_constraints,
             "critical,CA:TRUE,pathlen:0") &&
      extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return openssl_failed("making the authority");
  return write_pair(base, key, certificate);
}

Result<Done> issue_certificate(const std::string& folder, const std::string& into,
                               const std::string& name, const std::vector<std::string>& addresses) {
  auto authority = read_pair(folder + "/authority");
  if (!authority) return authority.error();
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failed("making the key of " + name);
  X509* issuer = authority->certificate.get();
  const Certificate certificate = draft(key, name, issuer, 365);
  std::string names = "DNS:" + name;
  for (const auto& address : addresses) names += ",IP:" + address;
  const bool made = extend(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
                    extend(certificate.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
                    extend(certificate.get(), issuer, NID_subject_alt_name, names) &&
                    X509_sign(certificate.get(), authority->key.get(), EVP_sha256()) > 0;
  if (!made) return openssl_failed("making the certificate of " + name);
  auto wrote = write_pair(into + "/" + name, key, certificate);
  if (!wrote) return wrote;
  return file::write_durably(into + "/authority.crt", to_pem(authority->certificate), 0600);
}

Result<WallTime> certificate_end(const std::string& path) {
  auto text = file::read(path);
  if (!text) return text.error();
  const Buffer buffer(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  const Certificate certificate(PEM_read_bio_X509(buffer.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return openssl_failed(path);
  return WallTime(std::chrono::seconds(timegm(&end)));
}

http::Tls certificate_files(const std::string& into, const std::string& name) {
  return {into + "/" + name + ".crt", into + "/" + name + ".key", into + "/authority.crt"};
}

}  // namespace understudy
