// validate, up, down, logs.

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "cli/commands.h"
#include "local/site.h"
#include "local/stack.h"
#include "local/units.h"
#include "system/file.h"
#include "system/process.h"
#include "topology/load.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

Exit fail(const std::string& command, const std::string& what, Exit status) {
  file::log_line(fmt::format("understudy {}: {}", command, what));
  return status;
}

std::optional<Topology> load_or_explain(const Where& where) {
  auto loaded = load_topology(where.config);
  if (loaded.topology && where.port_base) {
    loaded.topology->local.port_base = *where.port_base;
    loaded.mistakes = check_relations(*loaded.topology);
    for (Mistake& mistake : loaded.mistakes) mistake.file = "--port-base";
    if (!loaded.mistakes.empty()) loaded.topology.reset();
  }
  for (const Mistake& mistake : loaded.mistakes) fmt::print(stderr, "{}\n", mistake.text());
  return std::move(loaded.topology);
}

std::string data_folder(const Where& where, const Topology& topology) {
  std::string data = !where.data.empty()            ? where.data
                     : !topology.local.data.empty() ? topology.local.data
                                                    : default_data_folder(topology.platform);
  // The kernel tells a process's folder without links, and that is how it is found again.
  std::error_code unreadable;
  fs::path real = fs::weakly_canonical(fs::absolute(data), unreadable);
  if (unreadable) real = fs::absolute(data).lexically_normal();
  return (real.has_filename() ? real : real.parent_path()).string();
}

std::optional<Stack> find_stack(const Where& where) {
  if (!where.data.empty()) {
    const std::string data = data_folder(where, {});
    if (auto site = Site::open(data)) return Stack{(*site)->topology(), data};
  }
  auto topology = load_or_explain(where);
  if (!topology) return std::nullopt;
  const std::string data = data_folder(where, *topology);
  if (auto site = Site::open(data)) return Stack{(*site)->topology(), data};
  return Stack{std::move(*topology), data};
}

Exit validate_command(const Where& where) {
  const auto topology = load_or_explain(where);
  if (!topology) return Exit::usage;
  say(fmt::format("{}: {} in {} and {}, {} services", where.config, topology->platform,
                  topology->regions[0].name, topology->regions[1].name, topology->services.size()));
  return Exit::ok;
}

Exit up_command(const Where& where) {
  const auto topology = load_or_explain(where);
  if (!topology) return Exit::usage;
  const Layout layout(*topology, data_folder(where, *topology));
  const auto done = up(layout, where.own_program, say);
  return done ? Exit::ok : fail("up", done.error().what, exit_for(done.error()));
}

Exit down_command(const Where& where, bool keep_data) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const Layout layout(stack->topology, stack->data);
  const auto done = down(layout, !keep_data, say);
  return done ? Exit::ok : fail("down", done.error().what, exit_for(done.error()));
}

Exit logs_command(const Where& where, const std::string& domain, const std::string& unit,
                  unsigned lines, bool follow) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const Layout layout(stack->topology, stack->data);
  std::vector<std::string> command = {"tail", "-n", std::to_string(lines)};
  if (follow) command.emplace_back("-F");
  const std::size_t options = command.size();
  for (const DomainPlace& place : layout.domains()) {
    if (!domain.empty() && place.name != domain) continue;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(place.file("log"), none)) {
      const std::string stem = entry.path().stem().string();
      if (unit.empty() || stem == unit || stem.starts_with(unit + "."))
        command.push_back(entry.path().string());
    }
  }
  if (command.size() == options) {
    return fail("logs",
                "no such logs; domains are witness, edge and the regions (is the stack up?)",
                Exit::no);
  }
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp("tail", arguments.data());
  return fail("logs", "tail is not installed", Exit::machine);
}

}  // namespace understudy
