#include "topology/load.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "topology/yaml_reader.h"

namespace understudy {
namespace {

Loaded refused(const std::string& file, int line, std::string what) {
  Loaded loaded;
  loaded.mistakes.push_back(Mistake{file, line, "", std::move(what)});
  return loaded;
}

std::string reason(int code) { return std::generic_category().message(code); }

class OpenFile {
 public:
  /// Without blocking: a pipe in the file's place must not hang us.
  explicit OpenFile(const std::string& file)
      : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// At most one byte more than the reader takes, so that it sees what is too long.
Result<std::string> read_file(const std::string& file) {
  const OpenFile opened(file);
  struct stat status {};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) {
    return Error{After::unchanged_final, "cannot be read: " + reason(errno)};
  }
  if (S_ISDIR(status.st_mode)) {
    return Error{After::unchanged_final, "is a directory; expected a file"};
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{After::unchanged_final, "is not a regular file"};
  }
  std::string text(
      std::min<std::size_t>(static_cast<std::size_t>(status.st_size) + 1, kYamlBytesMax + 1), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto got = ::read(opened.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{After::unchanged_final, "cannot be read: " + reason(errno)};
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

/// A setting that is not in the file is told of the group it belongs to.
int line_of(std::string_view path, const LinesByPath& lines) {
  while (!path.empty()) {
    if (const auto found = lines.find(std::string(path)); found != lines.end()) {
      return found->second;
    }
    const auto parent = path.find_last_of(".[");
    path = path.substr(0, parent == std::string_view::npos ? 0 : parent);
  }
  return 0;
}

/// Relative paths count from the file's folder, wherever a process that gets them was started.
/// Not made shorter: "a/.." is not "." where a is a link.
void resolve_paths(Topology& topology, const std::string& file) {
  std::error_code failure;
  auto absolute = std::filesystem::absolute(file, failure);
  if (failure) absolute = file;
  const auto directory = absolute.parent_path();
  topology.directory = directory.string();
  const auto resolve = [&](std::string& path) { path = (directory / path).string(); };
  for (auto& service : topology.services) {
    if (service.command[0].find('/') != std::string::npos) resolve(service.command[0]);
  }
  if (topology.database.schema_file) resolve(*topology.database.schema_file);
  for (auto& target : topology.alerts.targets) {
    const bool named = !target.command.empty() && target.command[0].find('/') != std::string::npos;
    if (named) resolve(target.command[0]);
    if (target.webhook_file) resolve(*target.webhook_file);
    if (target.smtp.password_file) resolve(*target.smtp.password_file);
  }
  if (!topology.local.data.empty()) resolve(topology.local.data);
}

std::vector<Mistake> finished(Findings& findings, const std::string& file,
                              const LinesByPath& lines) {
  auto mistakes = std::move(findings.mistakes());
  for (auto& mistake : mistakes) {
    mistake.file = file;
    if (mistake.line == 0) mistake.line = line_of(mistake.path, lines);
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  if (findings.unshown() > 0) {
    mistakes.push_back(
        Mistake{file, 0, "", fmt::format("has {} more mistakes, not shown", findings.unshown())});
  }
  return mistakes;
}

}  // namespace

std::string Mistake::text() const {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}", line);
  if (!text.empty()) text += ": ";
  if (!path.empty()) text += path + ": ";
  return text + what;
}

Loaded parse_topology(const std::string& text, const std::string& file) {
  const auto tree = read_yaml(text);
  if (const auto* refusal = std::get_if<YamlRefusal>(&tree)) {
    return refused(file, refusal->line, refusal->what);
  }
  const auto& root = std::get<YamlNode>(tree);
  if (root.kind == YamlNode::Kind::nothing) return refused(file, 0, "is empty");
  if (root.kind != YamlNode::Kind::mapping) {
    return refused(file, root.line,
                   fmt::format("expected a mapping of settings (platform, regions, ...), found {}",
                               describe(root)));
  }
  Findings findings;
  LinesByPath lines;
  Topology topology;
  YamlReader reader(root, "", findings, lines);
  visit_topology(reader, topology);
  reader.finish();
  check_all(topology, findings);
  Loaded loaded;
  if (findings.empty()) {
    resolve_paths(topology, file);
    loaded.topology = std::move(topology);
  } else {
    loaded.mistakes = finished(findings, file, lines);
  }
  return loaded;
}

Loaded load_topology(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return refused(file, 0, text.error().what);
  return parse_topology(*text, file);
}

std::vector<Mistake> check_relations(const Topology& topology) {
  Findings findings;
  check_all(topology, findings);
  return std::move(findings.mistakes());
}

}  // namespace understudy
