#include "scratch.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "system/process.h"
#include "topology/load.h"

namespace understudy {

Scratch::Scratch() : folder_("/tmp/understudy-local-XXXXXX") {
  ensure(mkdtemp(folder_.data()) != nullptr, "a scratch folder can be made");
}

Scratch::~Scratch() {
  std::error_code none;
  std::filesystem::remove_all(folder_, none);
}

Topology example_topology() {
  auto loaded = load_topology(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/understudy.yaml");
  ensure(loaded.topology.has_value(), "the example has no mistakes");
  return *loaded.topology;
}

std::uint16_t own_port_base(unsigned first_of_suite, unsigned step) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto* suite = testing::UnitTest::GetInstance()->current_test_suite();
  int index = 0;
  while (suite->GetTestInfo(index) != test) ++index;
  return static_cast<std::uint16_t>(first_of_suite + step * static_cast<unsigned>(index));
}

bool eventually(const std::function<bool()>& holds, milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

unsigned mode_of(const std::string& path) {
  struct stat seen {};
  return stat(path.c_str(), &seen) == 0 ? seen.st_mode & 07777U : 0U;
}

std::string shell(const std::string& line) {
  auto ended = process::run({.arguments = {"/bin/sh", "-c", line},
                             .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}},
                            milliseconds(30'000));
  if (!ended) {
    ADD_FAILURE() << line << ": " << ended.error().what;
    return "";
  }
  EXPECT_EQ(ended->status, 0) << line << ":\n" << ended->output;
  return ended->output;
}

}  // namespace understudy
