#include "smtp.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace understudy::boxoffice {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  ensure(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

/// The message on its way; libcurl begins to read it once the server has asked for it.
struct Reading {
  std::string_view left;
  bool ended = false;  ///< all was read: the final dot may have left
  char reason[CURL_ERROR_SIZE] = {};
};

std::size_t read_some(char* into, std::size_t, std::size_t most, void* from) {
  auto& reading = *static_cast<Reading*>(from);
  const std::size_t bytes = std::min(most, reading.left.size());
  std::memcpy(into, reading.left.data(), bytes);
  reading.left.remove_prefix(bytes);
  if (reading.left.empty()) reading.ended = true;
  return bytes;
}

void set_conversation(CURL* easy, const SmtpServer& server) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROXY, "");  // whatever the environment says
  set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy, CURLOPT_URL, server.url.c_str());
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout.count()));
  const bool secret = !server.user.empty();
  set(easy, CURLOPT_USE_SSL, static_cast<long>(secret ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!secret) return;
  set(easy, CURLOPT_USERNAME, server.user.c_str());
  set(easy, CURLOPT_PASSWORD, server.password.c_str());
}

/// A server's "no" is known as such at any point; that it does not believe our password says
/// nothing of this mail. Else a message whose end never left was not taken, and of one whose end
/// may have left nobody knows.
After left_behind(CURLcode code, long reply, const Reading& reading) {
  if (code == CURLE_LOGIN_DENIED) return After::unchanged_retry;
  if (reply >= 500) return After::unchanged_final;
  if (reply >= 400 || !reading.ended) return After::unchanged_retry;
  return After::unknown;
}

}  // namespace

Smtp::Smtp(SmtpServer server) : server_(std::move(server)) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(started == CURLE_OK, "libcurl starts");
}

Result<Done> Smtp::carry(const Mail& mail, const std::string& message) {
  const std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
  const std::unique_ptr<curl_slist, ListDeleter> to(
      curl_slist_append(nullptr, ("<" + mail.address + ">").c_str()));
  if (!easy || !to) return Error{After::unchanged_retry, "smtp: out of memory"};
  Reading reading{message};
  set_conversation(easy.get(), server_);
  set(easy.get(), CURLOPT_MAIL_FROM, ("<" + server_.from + ">").c_str());
  set(easy.get(), CURLOPT_MAIL_RCPT, to.get());
  set(easy.get(), CURLOPT_UPLOAD, 1L);
  set(easy.get(), CURLOPT_READFUNCTION, read_some);
  set(easy.get(), CURLOPT_READDATA, &reading);
  set(easy.get(), CURLOPT_ERRORBUFFER, reading.reason);

  const CURLcode code = curl_easy_perform(easy.get());
  long reply = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &reply);
  // 250 after the end of the message is the server's word, whatever broke afterwards.
  if (code == CURLE_OK || (reading.ended && reply == 250)) return Done{};
  const char* reason = reading.reason[0] != '\0' ? reading.reason : curl_easy_strerror(code);
  return Error{left_behind(code, reply, reading),
               fmt::format("smtp: {}{}", reason,
                           reply >= 400 ? fmt::format(" (the server said {})", reply) : "")};
}

}  // namespace understudy::boxoffice
