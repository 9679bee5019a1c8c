#pragma once
// A mail server that takes one connection, answers as told, and remembers what it was told.

#include <cstdint>
#include <map>
#include <string>
#include <thread>

namespace understudy::alerting {

class MailResponder {
 public:
  using Answers = std::map<std::string, std::string>;
  /// `answers`: to commands that begin so, instead of "250 ok".
  explicit MailResponder(Answers answers = {});
  /// Waits for the connection to end.
  ~MailResponder();
  MailResponder(const MailResponder&) = delete;
  MailResponder& operator=(const MailResponder&) = delete;

  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  /// All that the client said. Waits for the connection to end.
  const std::string& heard();

 private:
  void serve();
  const Answers answers_;
  int listener_;
  std::uint16_t port_ = 0;
  std::string heard_;
  std::thread thread_;
};

}  // namespace understudy::alerting
