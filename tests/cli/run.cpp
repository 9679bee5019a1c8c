#include "run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "system/process.h"

namespace understudy {

namespace fs = std::filesystem;

Said run_program(const std::string& program, const std::vector<std::string>& words,
                 const std::map<std::string, std::string>& environment,
                 const std::string& directory) {
  const Folder errors("/tmp/understudy-said");
  process::Command command{
      .arguments = {"/bin/sh", "-c", "exec \"$@\" 2>" + errors.file("err"), "sh", program},
      .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"HOME", "/tmp"}},
      .directory = directory};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  for (const auto& [name, value] : environment) command.environment[name] = value;
  const auto ended = process::run(command, std::chrono::seconds(120));
  if (!ended) {
    ADD_FAILURE() << ended.error().what;
    return {};
  }
  return {ended->status, ended->output, read_text(errors.file("err"))};
}

Said run_understudy(const std::vector<std::string>& words,
                    const std::map<std::string, std::string>& environment,
                    const std::string& directory) {
  return run_program(UNDERSTUDY_PROGRAM, words, environment, directory);
}

bool is_one_line(const std::string& text) {
  return text.size() > 1 && text.find('\n') == text.size() - 1;
}

bool eventually(const std::function<bool()>& holds, milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

Folder::Folder(std::string pattern) : path_(std::move(pattern) + "-XXXXXX") {
  ensure(mkdtemp(path_.data()) != nullptr, "a scratch folder can be made");
  fs::permissions(path_, static_cast<fs::perms>(0755));
}

Folder::~Folder() {
  std::error_code none;
  fs::remove_all(path_, none);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  ensure(file.good(), "a scratch file can be written");
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace understudy
