// `understudy-agent`: what runs in a region, and the vantage at the edge. A program of its own: it
// runs beside the users' services, and needs half of the memory that `understudy` would.

#include <fmt/format.h>
#include <getopt.h>
#include <malloc.h>

#include <string>

#include "agent/agent.h"
#include "base/exit_status.h"

namespace understudy {
namespace {

constexpr const char* kUsage =
    "A region's agent under its watchdog, or the edge's vantage; started by understudy up.\n"
    "Usage: understudy-agent --data FOLDER (--region NAME | --edge)\n\n"
    "  --data FOLDER   the stack's data folder\n"
    "  --region NAME   be the agent of this region\n"
    "  --edge          be the vantage at the edge\n\n"
    "Exit status: 0 stopped; 2 wrong usage; 3 this machine lacks something; 4 another one runs.\n";

struct Words {
  std::string data;
  std::string region;
  bool edge = false;
  bool help = false;
};

bool read_words(int argc, char** argv, Words& words) {
  constexpr option kOptions[] = {{"data", required_argument, nullptr, 'd'},
                                 {"region", required_argument, nullptr, 'r'},
                                 {"edge", no_argument, nullptr, 'e'},
                                 {"help", no_argument, nullptr, 'h'},
                                 {}};
  for (int option = 0; (option = getopt_long(argc, argv, "h", kOptions, nullptr)) != -1;) {
    switch (option) {
      case 'd': words.data = optarg; break;
      case 'r': words.region = optarg; break;
      case 'e': words.edge = true; break;
      case 'h': words.help = true; break;
      default: return false;
    }
  }
  if (words.help) return true;
  return optind == argc && !words.data.empty() && words.region.empty() == words.edge;
}

Exit run(const Words& words) {
  // Its threads are many and allocate little: glibc would give each a heap of its own.
  mallopt(M_ARENA_MAX, 2);
  const auto done = words.edge ? run_vantage(words.data) : run_agent(words.data, words.region);
  if (done) return Exit::ok;
  fmt::print(stderr, "understudy-agent: {}\n", done.error().what);
  return exit_for(done.error());
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using namespace understudy;
  Words words;
  if (!read_words(argc, argv, words)) {
    fmt::print(stderr, "{}", kUsage);
    return static_cast<int>(Exit::usage);
  }
  if (words.help) {
    fmt::print("{}", kUsage);
    return static_cast<int>(Exit::ok);
  }
  return static_cast<int>(run(words));
}
