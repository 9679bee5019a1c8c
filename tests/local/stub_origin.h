#pragma once
// A server that answers, or fails, as a test tells it to, and counts what it was asked.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "local/layout.h"

namespace understudy {

/// How a stub meets a request.
enum class Meets {
  with_answer,  ///< the one that it was given
  by_closing,   ///< reads the request and closes
  in_silence,   ///< reads the request and says no more
  by_cutting,   ///< closes in the middle of the body
};

/// Listens from its constructor to its end. Any thread may call.
class StubOrigin {
 public:
  explicit StubOrigin(const Endpoint& at);
  ~StubOrigin();
  StubOrigin(const StubOrigin&) = delete;
  StubOrigin& operator=(const StubOrigin&) = delete;

  void meets(Meets how);
  /// `headers`: whole lines, each with its "\r\n". Content-Length is added.
  void answers(unsigned status, const std::string& body, const std::string& headers = "");

  /// Requests for `path` are kept until lets_go(), whatever others are met with.
  void holds(const std::string& path);
  /// Answers those that are kept, and keeps no more.
  void lets_go();
  /// How many requests for `path` are kept now.
  [[nodiscard]] std::size_t held() const;

  /// The whole heads of the requests so far that were for `path`; of any path with "".
  [[nodiscard]] std::vector<std::string> asked(const std::string& path = "") const;

 private:
  struct Conversation {
    int socket = -1;
    std::string read;
    bool held = false;
  };
  void serve();
  void answer_the_held(std::vector<Conversation>& open);
  /// True when nothing more is to be done with the connection.
  bool heard(Conversation& conversation);
  void respond(Conversation& conversation);

  const int listener_;
  int wake_[2] = {-1, -1};
  mutable std::mutex mutex_;
  Meets how_ = Meets::with_answer;
  unsigned status_ = 200;
  std::string body_;
  std::string headers_;
  std::string held_path_;
  std::size_t held_ = 0;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace understudy
