#pragma once
// A mail server of a few lines that says what the test wants it to say.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace understudy::test {

/// Answers each command as `replies` has it by its verb ("" hangs up); "." is the end of a message.
/// What is not there is answered with success.
class SmtpPeer {
 public:
  using Replies = std::map<std::string, std::string>;
  explicit SmtpPeer(Replies replies = {});
  ~SmtpPeer();
  SmtpPeer(const SmtpPeer&) = delete;
  SmtpPeer& operator=(const SmtpPeer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::vector<std::string> commands() const;
  /// Without the dots that SMTP adds.
  [[nodiscard]] std::vector<std::string> messages() const;

 private:
  void run();
  void talk(int client);
  std::string answer(const std::string& line);

  const Replies replies_;
  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> commands_;
  std::vector<std::string> messages_;
  std::string message_;
  bool in_message_ = false;
  std::thread thread_;
};

}  // namespace understudy::test
