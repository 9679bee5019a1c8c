#include "system/http_answer.h"

#include <fmt/format.h>

#include <ctime>

namespace understudy::http {
namespace {

std::string_view reason(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Answer";
  }
}

void add_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

std::string now_for_header() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, length};
}

}  // namespace

std::string to_bytes(const Response& response, Delivery delivery) {
  const bool bodyless = response.status == 204 || response.status == 304;
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                reason(response.status), now_for_header());
  if (!bodyless) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
    if (!response.content_type.empty()) {
      out += "Content-Type: ";
      add_clean(out, response.content_type);
      out += "\r\n";
    }
  }
  for (const auto& [name, value] : response.headers) {
    add_clean(out, name);
    out += ": ";
    add_clean(out, value);
    out += "\r\n";
  }
  if (!delivery.keep_alive)
    out += "Connection: close\r\n";
  else if (delivery.old_client)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!bodyless && !delivery.head_only) out += response.body;
  return out;
}

Response plain_error(unsigned status, std::string_view text) {
  Response response;
  response.status = status;
  response.body = R"({"error":")";
  for (const char c : text) {
    if (c == '"' || c == '\\') response.body += '\\';
    response.body += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  response.body += "\"}";
  return response;
}

}  // namespace understudy::http
