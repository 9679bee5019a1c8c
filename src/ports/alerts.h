#pragma once
// Telling a person.

#include <string>

namespace understudy {

struct Alert {
  std::string subject;  ///< what happened, in one line
  std::string done;     ///< what Understudy did about it
  std::string ask;      ///< what a person should do; "" if nothing
  std::string key;      ///< equal keys are one matter
};

/// Thread-safe. Best effort: a transition never waits for it.
class Alerts {
 public:
  virtual ~Alerts() = default;
  virtual void raise(const Alert& alert) = 0;
};

}  // namespace understudy
