#include "local/site.h"

#include <csignal>

#include "local/authority.h"
#include "system/file.h"
#include "topology/json.h"

namespace understudy {

Result<std::unique_ptr<Site>> Site::open(const std::string& data) {
  auto text = file::read(data + "/topology.json");
  if (!text) return within("no stack in " + data, text.error());
  auto topology = from_json(*text);
  if (!topology) return within(data + "/topology.json", topology.error());
  auto secrets = load_secrets(data + "/secrets.json");
  if (!secrets) return secrets.error();
  return std::unique_ptr<Site>(new Site(std::move(*topology), data, std::move(*secrets)));
}

std::shared_ptr<const http::Client> Site::control_http(const std::string& folder,
                                                       const std::string& name) {
  return std::make_shared<http::Client>(
      http::ClientOptions{.tls = certificate_files(folder, name), .source_address = {}});
}

namespace {
sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}
}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop_signal() {
  const sigset_t set = stop_signals();
  int which = 0;
  sigwait(&set, &which);
}

}  // namespace understudy
