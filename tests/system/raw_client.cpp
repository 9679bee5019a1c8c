#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace understudy::test {

RawClient::RawClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) close(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  pollfd look{socket_, POLLIN, 0};
  if (poll(&look, 1, 5000) <= 0) return false;
  char bytes[4096];
  const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_until(std::string_view mark) {
  std::size_t at = 0;
  while ((at = buffer_.find(mark)) == std::string::npos)
    if (!fill()) return std::exchange(buffer_, {});
  std::string read = buffer_.substr(0, at + mark.size());
  buffer_.erase(0, read.size());
  return read;
}

std::optional<std::string> RawClient::read_to_end() {
  pollfd look{socket_, POLLIN, 0};
  for (;;) {
    if (poll(&look, 1, 5000) <= 0) return std::nullopt;
    if (!fill()) return std::exchange(buffer_, {});
  }
}

std::string RawClient::upgrade(std::string_view target) {
  send("GET " + std::string(target) +
       " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  return read_until("\r\n\r\n");
}

bool RawClient::need(std::size_t bytes) {
  while (buffer_.size() < bytes)
    if (!fill()) return false;
  return true;
}

std::optional<std::string> RawClient::message() {
  for (;;) {
    if (!need(2)) return std::nullopt;
    const int kind = buffer_[0] & 0x0f;
    std::size_t length = static_cast<unsigned char>(buffer_[1]) & 0x7fU;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (!need(2 + extra)) return std::nullopt;
    if (extra > 0) {
      length = 0;
      for (std::size_t i = 0; i < extra; ++i)
        length = length << 8U | static_cast<unsigned char>(buffer_[2 + i]);
    }
    if (!need(2 + extra + length)) return std::nullopt;
    std::string text = buffer_.substr(2 + extra, length);
    buffer_.erase(0, 2 + extra + length);
    if (kind == 1) return text;
  }
}

void RawClient::send_message(std::string_view text) {
  std::string frame = "\x81";
  frame += static_cast<char>(0x80U | text.size());
  frame += std::string(4, '\0');  // a mask that changes nothing
  send(frame.append(text));
}

}  // namespace understudy::test
