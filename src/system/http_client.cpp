#include "system/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>
#include <string_view>

namespace understudy::http {
namespace {

constexpr std::size_t kAnswerBytesMax = 64U << 20U;
/// Connections that one handle keeps. A vantage asks every service of a region in turn; libcurl's
/// own five would be closed before they are needed again.
constexpr long kConnectionsMax = 64;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  ensure(started == CURLE_OK, "libcurl starts");
}

/// One call under way; what libcurl's callbacks fill.
struct Exchange {
  Response response;
  unsigned sendings = 0;
  char reason[CURL_ERROR_SIZE] = {};
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* into) {
  auto& body = static_cast<Exchange*>(into)->response.body;
  if (body.size() + size > kAnswerBytesMax) return 0;
  body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* into) {
  auto& response = static_cast<Exchange*>(into)->response;
  std::string_view line(data, size);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    response.headers.clear();  // the final answer's, not those of a "100 Continue" before it
    return size;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  response.headers.emplace_back(line.substr(0, colon), value);
  return size;
}

/// Called right before a request is written to a connection. libcurl silently writes it again when
/// a kept connection dies without an answer; the far side may have obeyed the first time, so the
/// second is refused here.
int about_to_send(void* into, char*, char*, int, int) {
  return ++static_cast<Exchange*>(into)->sendings > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

After left_behind(CURLcode code, const Exchange& exchange) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_INTERFACE_FAILED: return After::unchanged_final;
    default: return exchange.sendings == 0 ? After::unchanged_retry : After::unknown;
  }
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  ensure(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

void set_fixed(CURL* easy, const ClientOptions& options) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_MAXCONNECTS, kConnectionsMax);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // whatever the environment says
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_WRITEFUNCTION, take_body);
  set(easy, CURLOPT_HEADERFUNCTION, take_header);
  set(easy, CURLOPT_PREREQFUNCTION, about_to_send);
  if (!options.source_address.empty())
    set(easy, CURLOPT_INTERFACE, ("host!" + options.source_address).c_str());
  if (!options.tls) return;
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_CAINFO, options.tls->authority_file.c_str());
  set(easy, CURLOPT_CAPATH, nullptr);  // our authority alone, not the system's
  set(easy, CURLOPT_SSLCERT, options.tls->certificate_file.c_str());
  set(easy, CURLOPT_SSLKEY, options.tls->key_file.c_str());
}

List headers_of(const Request& request) {
  List list;
  const auto add = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    ensure(longer != nullptr, "there is memory for a header");
    (void)list.release();
    list.reset(longer);
  };
  add("Expect:");  // libcurl would wait a second for "100 Continue" with long bodies
  // No body of ours is a form, which is what libcurl would call it.
  if (request.header("Content-Type").empty())
    add(request.body.empty() ? "Content-Type:" : "Content-Type: application/json");
  for (const auto& [name, value] : request.headers)
    add(value.empty() ? name + ";" : name + ": " + value);
  return list;
}

bool breaks_lines(const Request& request) {
  const auto bad = [](const std::string& text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
  };
  if (bad(request.method)) return true;
  for (const auto& [name, value] : request.headers)
    if (bad(name) || bad(value)) return true;
  return false;
}

/// Takes back what an earlier request with this handle set.
void set_request(CURL* easy, const Request& request) {
  set(easy, CURLOPT_HTTPGET, 1L);
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

/// What is the call's own, and ends with it: a handle at rest points to nothing.
void point_to(CURL* easy, curl_slist* headers, Exchange* exchange) {
  set(easy, CURLOPT_HTTPHEADER, headers);
  set(easy, CURLOPT_WRITEDATA, exchange);
  set(easy, CURLOPT_HEADERDATA, exchange);
  set(easy, CURLOPT_PREREQDATA, exchange);
  set(easy, CURLOPT_ERRORBUFFER, exchange == nullptr ? nullptr : exchange->reason);
  if (exchange == nullptr) set(easy, CURLOPT_POSTFIELDS, nullptr);
}

}  // namespace

/// Handles at rest, with what is the same for every call set. Each keeps its own connections; the
/// one used last is given first, since its connection is the likeliest to be alive.
class Client::Connections {
 public:
  explicit Connections(ClientOptions options) : options_(std::move(options)) {}

  Easy take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Easy easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
      }
    }
    Easy easy(curl_easy_init());
    if (easy) set_fixed(easy.get(), options_);
    return easy;
  }
  void give_back(Easy easy) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(easy));
  }

 private:
  const ClientOptions options_;
  std::mutex mutex_;
  std::vector<Easy> idle_;
};

Client::Client(ClientOptions options) {
  start_curl_once();
  connections_ = std::make_unique<Connections>(std::move(options));
}
Client::~Client() = default;

Result<Response> Client::send(const std::string& url, const Request& request,
                              std::chrono::milliseconds timeout) const {
  if (breaks_lines(request))
    return Error{After::unchanged_final, fmt::format("{}: a header with a line break", url)};
  Easy easy = connections_->take();
  if (!easy) return Error{After::unchanged_retry, "libcurl gave no handle: out of memory"};
  Exchange exchange;
  const List headers = headers_of(request);
  set_request(easy.get(), request);
  set(easy.get(), CURLOPT_URL, url.c_str());
  set(easy.get(), CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::max<std::int64_t>(1, timeout.count())));
  point_to(easy.get(), headers.get(), &exchange);

  const CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  point_to(easy.get(), nullptr, nullptr);
  connections_->give_back(std::move(easy));
  if (code != CURLE_OK) {
    std::string_view reason = exchange.sendings > 1 ? "the connection ended without an answer"
                              : exchange.reason[0]  ? std::string_view(exchange.reason)
                                                    : curl_easy_strerror(code);
    return Error{left_behind(code, exchange),
                 fmt::format("{} {}: {}", request.method, url, reason)};
  }
  exchange.response.status = static_cast<unsigned>(status);
  exchange.response.content_type = exchange.response.header("Content-Type");
  return std::move(exchange.response);
}

}  // namespace understudy::http
