#pragma once
// A bare TCP client: for what no decent HTTP client would send.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::test {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False once the other side has reset the connection.
  bool send(std::string_view bytes);
  /// Reads until `mark` was seen, the end, or 5 s; what was read since the last call.
  std::string read_until(std::string_view mark);
  /// Reads to the end; none if it has not come within 5 s.
  std::optional<std::string> read_to_end();

  /// Asks for a WebSocket at `target`; the answer's header.
  std::string upgrade(std::string_view target);
  /// The next text message, none at the end. Close frames and pings are passed over.
  std::optional<std::string> message();
  void send_message(std::string_view text);

 private:
  bool fill();
  bool need(std::size_t bytes);

  int socket_;
  std::string buffer_;
};

}  // namespace understudy::test
