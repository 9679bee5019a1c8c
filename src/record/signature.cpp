#include "record/signature.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <boost/json.hpp>

#include "record/canonical.h"
#include "states/digest.h"

namespace understudy::record {

namespace json = boost::json;

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
using Digest = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using Store = std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Releaser<X509_STORE_CTX_free>>;

/// Whoever may have a signature of this key made for something else cannot pass it off as a
/// record's.
constexpr std::string_view kPurpose = "understudy incident record 1\n";
constexpr std::string_view kSignedBy = "controller";

Error refused(std::string what) { return {After::unchanged_final, std::move(what)}; }

Error openssl_refused(std::string_view what) {
  char text[256] = "no reason given";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return refused(fmt::format("{}: {}", what, text));
}

Buffer buffer_of(std::string_view text) {
  return Buffer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::vector<Certificate> certificates_in(std::string_view pem) {
  std::vector<Certificate> all;
  const Buffer buffer = buffer_of(pem);
  while (Certificate one{PEM_read_bio_X509(buffer.get(), nullptr, nullptr, nullptr)})
    all.push_back(std::move(one));
  ERR_clear_error();  // the end of the text is told as an error
  return all;
}

std::string to_der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate, &bytes);
  if (length <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

/// None unless all of the bytes are one certificate.
Certificate from_der(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const unsigned char* end = at + der.size();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return at == end ? std::move(certificate) : nullptr;
}

std::string message(const std::string& record_hash, const std::vector<std::string>& certificates) {
  std::string text = std::string(kPurpose) + record_hash + "\n";
  for (const std::string& der : certificates) text += sha256(der) + "\n";
  return text;
}

/// Null for keys that digest by themselves.
const EVP_MD* digest_for(const EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

bool is_usable(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  return type == EVP_PKEY_EC || type == EVP_PKEY_ED25519;
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes)
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
  long length = 0;
  const std::string text(hex);
  const std::unique_ptr<unsigned char, Releaser<[](unsigned char* b) { OPENSSL_free(b); }>> bytes(
      OPENSSL_hexstr2buf(text.c_str(), &length));
  ERR_clear_error();
  if (!bytes) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(length));
  if (to_hex(out) != hex) return std::nullopt;
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  auto bytes = states::base64_decode(text);
  if (!bytes || states::base64_encode(*bytes) != text) return std::nullopt;
  return bytes;
}

std::string common_name(X509* certificate) {
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

}  // namespace

struct Signer::Held {
  Key key;
  std::vector<std::string> certificates;
};

Signer::Signer(std::unique_ptr<Held> held) : held_(std::move(held)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::of(std::string_view key, std::string_view certificates) {
  auto held = std::make_unique<Held>();
  held->key.reset(PEM_read_bio_PrivateKey(buffer_of(key).get(), nullptr, nullptr, nullptr));
  if (!held->key) return openssl_refused("the key cannot be read");
  if (!is_usable(held->key.get())) return refused("the key is neither EC nor Ed25519");
  const auto read = certificates_in(certificates);
  if (read.empty()) return refused("there is no certificate");
  if (X509_check_private_key(read.front().get(), held->key.get()) != 1)
    return openssl_refused("the certificate is not the key's");
  for (const Certificate& one : read) held->certificates.push_back(to_der(one.get()));
  return Signer(std::move(held));
}

Result<std::string> Signer::sign(const std::string& record_hash) const {
  const std::string text = message(record_hash, held_->certificates);
  const Digest context(EVP_MD_CTX_new());
  EVP_PKEY* key = held_->key.get();
  std::size_t length = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, digest_for(key), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, bytes_of(text), text.size()) != 1)
    return openssl_refused("signing");
  std::string bytes(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &length,
                     bytes_of(text), text.size()) != 1)
    return openssl_refused("signing");
  bytes.resize(length);
  json::array certificates;
  for (const std::string& der : held_->certificates)
    certificates.emplace_back(states::base64_encode(der));
  return canonical(json::object{{"certificates", std::move(certificates)},
                                {"record", record_hash},
                                {"signature", to_hex(bytes)}});
}

Result<Signature> read_signature(std::string_view line) {
  auto object = parse_canonical(line);
  if (!object) return object.error();
  const auto* certificates = object->if_contains("certificates");
  const auto* hash = object->if_contains("record");
  const auto* bytes = object->if_contains("signature");
  const bool complete = object->size() == 3 && certificates != nullptr &&
                        certificates->is_array() && !certificates->get_array().empty() &&
                        hash != nullptr && hash->is_string() && bytes != nullptr &&
                        bytes->is_string();
  if (!complete) return refused("is no signature: expected certificates, record and signature");
  Signature signature{
      .record_hash = std::string(hash->get_string()), .certificates = {}, .signature = {}};
  auto decoded = from_hex(bytes->get_string());
  if (!decoded) return refused("has a signature that is not lower-case hexadecimal");
  signature.signature = std::move(*decoded);
  for (const auto& each : certificates->get_array()) {
    auto der = each.is_string() ? from_base64(each.get_string()) : std::nullopt;
    if (!der || !from_der(*der)) return refused("has a certificate that cannot be read");
    signature.certificates.push_back(std::move(*der));
  }
  return signature;
}

Result<Done> check_signature(const Signature& signature) {
  const Certificate certificate = from_der(signature.certificates.front());
  EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  if (key == nullptr || !is_usable(key)) return refused("the certificate's key is of another kind");
  const std::string text = message(signature.record_hash, signature.certificates);
  const Digest context(EVP_MD_CTX_new());
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, digest_for(key), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature.signature), signature.signature.size(),
                       bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  if (!good) return refused("the signature is not the certificate's key's over this record");
  return Done{};
}

Result<Done> check_certificate(const Signature& signature, std::string_view authority,
                               WallTime at) {
  const Store store(X509_STORE_new());
  for (const Certificate& trusted : certificates_in(authority))
    X509_STORE_add_cert(store.get(), trusted.get());
  const std::unique_ptr<STACK_OF(X509),
                        Releaser<[](STACK_OF(X509) * s) { sk_X509_pop_free(s, X509_free); }>>
      between(sk_X509_new_null());
  for (std::size_t i = 1; i < signature.certificates.size(); ++i)
    sk_X509_push(between.get(), from_der(signature.certificates[i]).release());
  const Certificate own = from_der(signature.certificates.front());
  const StoreContext context(X509_STORE_CTX_new());
  if (!own || X509_STORE_CTX_init(context.get(), store.get(), own.get(), between.get()) != 1)
    return openssl_refused("the certificate cannot be judged");
  X509_STORE_CTX_set_time(context.get(), 0,
                          std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  const bool vouched = X509_verify_cert(context.get()) == 1;
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!vouched) {
    return refused(fmt::format("the authority does not vouch for the certificate of {}: {}",
                               common_name(own.get()), X509_verify_cert_error_string(why)));
  }
  if (common_name(own.get()) != kSignedBy) {
    return refused(fmt::format("the certificate is {}'s; only {}'s may sign a record",
                               common_name(own.get()), kSignedBy));
  }
  return Done{};
}

bool is_certificate(std::string_view pem) { return !certificates_in(pem).empty(); }

}  // namespace understudy::record
