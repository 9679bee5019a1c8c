#pragma once
// What the tests of the local stack share: a folder that goes away, and the example's topology.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "topology/topology.h"

namespace understudy {

/// A folder below /tmp, removed with all in it at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

/// The example's platform.
[[nodiscard]] Topology example_topology();

/// A port base for each test of a suite, `step` apart: tests run side by side.
[[nodiscard]] std::uint16_t own_port_base(unsigned first_of_suite, unsigned step);

/// Looks until it holds; false when `limit` came first.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              milliseconds limit = milliseconds(10'000));

/// The lines of a file; none if there is no file.
[[nodiscard]] std::vector<std::string> lines_of(const std::string& path);
[[nodiscard]] std::string text_of(const std::string& path);
/// Its permission bits, 0600 for instance.
[[nodiscard]] unsigned mode_of(const std::string& path);

/// Runs a shell line to its end and gives back what it printed; fails the test on a status other
/// than 0.
std::string shell(const std::string& line);

/// "" for success, else the error's text: for EXPECT_EQ.
template <class T>
[[nodiscard]] std::string why(const Result<T>& result) {
  return result ? std::string() : result.error().what;
}

}  // namespace understudy
