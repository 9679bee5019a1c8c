#pragma once
// What happened, as one JSON object a line on standard output.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "configuration.h"

namespace understudy::boxoffice {

/// The fields of one line, in the order they were added. Names are ours and need no escaping.
class WideEvent {
 public:
  WideEvent& add(std::string_view name, std::string_view value);
  WideEvent& add(std::string_view name, const char* value) {
    return add(name, std::string_view(value));
  }
  WideEvent& add(std::string_view name, std::int64_t value);
  WideEvent& add(std::string_view name, double value);
  WideEvent& add(std::string_view name, const std::optional<std::int64_t>& value);
  [[nodiscard]] const std::string& fields() const { return fields_; }

 private:
  std::string fields_;
};

/// Thread-safe. A thread of its own writes, so that a reader of the log who is slow slows nobody
/// down; when it is megabytes behind, lines are dropped and counted.
class WideEvents {
 public:
  WideEvents(Role role, const std::string& region, const std::string& instance, int file = 1);
  /// Writes what is left.
  ~WideEvents();
  WideEvents(const WideEvents&) = delete;
  WideEvents& operator=(const WideEvents&) = delete;

  /// Adds time, what happened and who we are.
  void write(std::string_view what, const WideEvent& event);

 private:
  void run();

  const std::string identity_;
  const int file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  std::int64_t dropped_ = 0;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace understudy::boxoffice
