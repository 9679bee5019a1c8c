#include "system/smtp_client.h"

#include <curl/curl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

namespace understudy::smtp {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MimeDeleter {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;
using Mime = std::unique_ptr<curl_mime, MimeDeleter>;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  ensure(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

List list_of(const std::vector<std::string>& lines) {
  List list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    ensure(longer != nullptr, "there is memory for a line");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

/// What a header may hold: neither line breaks nor anything but ASCII.
std::string header_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::vector<std::string> headers_of(const Mail& mail) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(mail.date).time_since_epoch().count();
  return {fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds)),
          fmt::format("From: {}", header_text(mail.from)),
          fmt::format("To: {}", header_text(fmt::format("{}", fmt::join(mail.to, ", ")))),
          fmt::format("Subject: {}", header_text(mail.subject)), "Auto-Submitted: auto-generated"};
}

Mime body_of(CURL* easy, const Mail& mail) {
  Mime mime(curl_mime_init(easy));
  curl_mimepart* part = curl_mime_addpart(mime.get());
  ensure(part != nullptr, "there is memory for a mail");
  curl_mime_data(part, mail.text.data(), mail.text.size());
  curl_mime_type(part, "text/plain; charset=utf-8");
  curl_mime_encoder(part, "quoted-printable");
  return mime;
}

void set_server(CURL* easy, const std::string& url, const std::optional<Login>& login,
                std::chrono::milliseconds timeout) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy, CURLOPT_URL, url.c_str());
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, timeout.count())));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_USE_SSL, static_cast<long>(login ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!login) return;
  set(easy, CURLOPT_USERNAME, login->user.c_str());
  set(easy, CURLOPT_PASSWORD, login->password.c_str());
}

After left_behind(CURLcode code, long status) {
  if (status >= 500) return After::unchanged_final;
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
    case CURLE_USE_SSL_FAILED:
    case CURLE_PEER_FAILED_VERIFICATION: return After::unchanged_final;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING: return After::unknown;
    default: return After::unchanged_retry;
  }
}

}  // namespace

Result<Done> send(const std::string& url, const Mail& mail, const std::optional<Login>& login,
                  std::chrono::milliseconds timeout) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(started == CURLE_OK, "libcurl starts");
  const Easy easy(curl_easy_init());
  if (!easy) return Error{After::unchanged_retry, "libcurl gave no handle: out of memory"};
  char reason[CURL_ERROR_SIZE] = {};
  const List headers = list_of(headers_of(mail));
  const List recipients = list_of(mail.to);
  const Mime body = body_of(easy.get(), mail);
  set_server(easy.get(), url, login, timeout);
  set(easy.get(), CURLOPT_ERRORBUFFER, reason);
  set(easy.get(), CURLOPT_MAIL_FROM, mail.from.c_str());
  set(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
  set(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  set(easy.get(), CURLOPT_MIMEPOST, body.get());
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_OK) return Done{};
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return Error{left_behind(code, status),
               fmt::format("{}: {}", url, reason[0] ? reason : curl_easy_strerror(code))};
}

}  // namespace understudy::smtp
