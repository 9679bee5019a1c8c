#include "drill/stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "local/preflight.h"
#include "local/render.h"
#include "ports/wire.h"
#include "system/file.h"
#include "system/kernel.h"
#include "system/postgres.h"
#include "system/process_tree.h"

namespace understudy::drill {

namespace {

constexpr auto kStandby = std::chrono::seconds(60);
constexpr Duration kCall = std::chrono::seconds(2);
constexpr Duration kFreshLook = std::chrono::seconds(25);
constexpr auto kServing = std::chrono::seconds(60);

/// The first range of ports that is free for the whole stack.
Result<Done> choose_ports(Topology& topology) {
  const std::uint16_t first = topology.local.port_base;
  std::string why;
  for (unsigned base = first; base <= 57'000; base += 2000) {
    topology.local.port_base = static_cast<std::uint16_t>(base);
    const Layout layout(topology, "/nowhere");
    bool free = true;
    for (const auto& [who, endpoint] : layout.all_endpoints()) {
      if (auto found = check_free(endpoint); !found) {
        free = false;
        why = found.error().what;
        break;
      }
    }
    if (free) return Done{};
  }
  return Error{After::unchanged_final, "no free range of ports: " + why};
}

/// What bringing up wrote reaches the disk now: the kernel would write these hundred megabytes in
/// one go half a minute later (vm.dirty_expire_centisecs), and every commit in the middle of the
/// drill would wait for it.
Result<Done> write_back(const std::string& folder) {
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool written = directory >= 0 && syncfs(directory) == 0;
  const std::string why = strerror(errno);
  if (directory >= 0) close(directory);
  if (!written) return Error{After::unknown, folder + ": cannot be written to the disk: " + why};
  return Done{};
}

}  // namespace

Stage::Stage(Topology topology, std::string folder)
    : topology_(std::move(topology)), folder_(std::move(folder)), layout_(topology_, folder_) {}

Result<std::unique_ptr<Stage>> Stage::set(Topology topology, const std::string& own_program,
                                          const StageNeeds& needs) {
  if (auto chosen = choose_ports(topology); !chosen) return chosen.error();
  // On a disk, not on a memory file system: a database's flushes must cost what they cost.
  std::string folder = "/var/tmp/understudy-drill-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr)
    return Error{After::unchanged_final, folder + ": cannot be made"};
  auto stage = std::unique_ptr<Stage>(new Stage(std::move(topology), folder));
  if (auto brought = stage->bring_up(own_program, needs); !brought) return brought.error();
  auto site = Site::open(folder);
  if (!site) return site.error();
  stage->site_ = std::move(*site);
  stage->clock_ = make_kernel_clock();
  const auto control = Site::control_http(folder + "/tls", "cli");
  stage->controller_ =
      std::make_unique<ControlClient>(control, stage->layout_.controller().text(), *stage->clock_);
  stage->registry_ =
      std::make_unique<ControlClient>(control, stage->layout_.registry().text(), *stage->clock_);
  if (auto stands_by = stage->await_standby(); !stands_by) return stands_by.error();
  if (auto written = write_back(folder); !written) return written.error();
  return stage;
}

/// A stack serves before its standby has caught up for the first time.
Result<Done> Stage::await_standby() const {
  const std::string standby = topology_.other(topology_.home).name;
  const BootTime give_up = clock_->boot() + kStandby;
  while (clock_->boot() < give_up) {
    const auto status = agent_status(standby);
    if (status && status->database && status->database->streaming) return Done{};
    clock_->sleep_until(clock_->boot() + milliseconds(100));
  }
  return Error{After::unknown, standby + "'s database does not stream"};
}

Result<Done> Stage::bring_up(const std::string& own_program, const StageNeeds& needs) {
  const std::string& home = topology_.home;
  if (needs.disk) {
    if (auto marked = mark_ours(layout_); !marked) return marked;
    auto disk = OwnDisk::make(layout_.domain(home).folder);
    if (!disk) return within("a disk for " + home, disk.error());
    disk_ = std::move(*disk);
  }
  if (auto made = prepare(layout_, own_program, [](const std::string&) {}); !made) return made;
  if (needs.clock) {
    auto moved = OwnClock::make(layout_.domain(home));
    if (!moved) return within("a wall clock for " + home, moved.error());
    moved_clock_ = std::move(*moved);
  }
  if (needs.hosts) {
    auto hosts = Hosts::make(layout_);
    if (!hosts) return hosts.error();
    hosts_ = std::move(*hosts);
  }
  for (const DomainPlace& place : layout_.domains()) {
    if (auto started = start(place.name); !started) return started;
  }
  if (hosts_) stay_ = hosts_->visit_drill();
  auto serving = wait_serving(layout_, kServing);
  if (!serving) return serving.error();
  return Done{};
}

Result<Done> Stage::start(const std::string& domain) const {
  const auto there = hosts_ ? hosts_->visit(domain) : nullptr;
  return start_domain(layout_, domain);
}

SupervisorClient Stage::supervisor(const std::string& domain) const {
  return SupervisorClient(layout_.control_socket(domain));
}

Result<std::vector<process::Identity>> Stage::processes(const std::string& domain,
                                                        const std::string& unit) const {
  auto units = supervisor(domain).units(std::chrono::duration_cast<milliseconds>(kCall));
  if (!units) return units.error();
  const auto found = std::find_if(units->begin(), units->end(),
                                  [&](const UnitState& each) { return each.name == unit; });
  if (found == units->end())
    return Error{After::unchanged_final, "no unit named " + unit + " in " + domain};
  if (found->pid == 0) return std::vector<process::Identity>{};
  return process::members(process::Domain{.supervisor = found->pid, .directory = {}});
}

const Hosts& Stage::hosts() const {
  ensure(hosts_ != nullptr, "the fault says that it needs hosts");
  return *hosts_;
}

const OwnDisk& Stage::disk() const {
  ensure(disk_ != nullptr, "the fault says that it needs a disk");
  return *disk_;
}

const OwnClock& Stage::clock() const {
  ensure(moved_clock_ != nullptr, "the fault says that it needs a clock");
  return *moved_clock_;
}

Stage::~Stage() {
  if (auto struck = strike(); !struck)
    fmt::print(stderr, "ending the drill's stack: {}\n", struck.error().what);
}

Result<Done> Stage::strike() {
  if (struck_) return Done{};
  struck_ = true;
  auto ended = down(layout_, !keep_ && !disk_, [](const std::string&) {});
  stay_.reset();
  hosts_.reset();
  if (!disk_) return ended;
  disk_.reset();  // no folder can be removed while a disk is mounted on it
  if (ended && !keep_) return file::remove_tree(folder_);
  return ended;
}

Result<DatabaseView> Stage::view(const std::string& region, milliseconds timeout) const {
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto view = read_database(region, superuser_conninfo(layout_, region, site_->secrets()),
                              std::chrono::seconds(20));
    if (view || std::chrono::steady_clock::now() >= give_up) return view;
    usleep(100'000);
  }
}

Result<boost::json::object> Stage::status() const {
  return controller_->get("/v1/status", clock_->boot() + kCall);
}

Result<boost::json::object> Stage::readiness() const {
  return controller_->get("/v1/readiness?fresh=1", clock_->boot() + kFreshLook);
}

Result<Done> Stage::approve() const {
  auto answered = controller_->post("/v1/approve", {{"who", "drill"}, {"accept_loss", true}},
                                    clock_->boot() + kCall);
  if (!answered) return answered.error();
  return Done{};
}

Result<boost::json::object> Stage::order(const std::string& path,
                                         const boost::json::object& body) const {
  return controller_->post(path, body, clock_->boot() + kCall);
}

Result<std::vector<std::string>> Stage::slots(const std::string& region) const {
  auto session = postgres::Connection::open(superuser_conninfo(layout_, region, site_->secrets()),
                                            std::chrono::seconds(5));
  if (!session) return within(region, session.error());
  const auto rows =
      session->run("SELECT slot_name FROM pg_replication_slots", {}, std::chrono::seconds(5));
  if (!rows) return within(region, rows.error());
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows->size(); ++row) names.push_back(rows->at(row, 0));
  return names;
}

Result<AgentStatus> Stage::agent_status(const std::string& region) const {
  ControlClient agent(Site::control_http(folder_ + "/tls", "cli"), layout_.agent(region).text(),
                      *clock_);
  auto answered = agent.get("/v1/status", clock_->boot() + kCall);
  if (!answered) return answered.error();
  auto status = wire::agent_status_from(*answered);
  if (!status) return Error{After::unknown, "the agent's status cannot be read"};
  return *status;
}

Result<std::vector<Stage::RegistryChange>> Stage::registry_changes(std::uint64_t after) const {
  auto answer =
      registry_->get("/v1/changes?after=" + std::to_string(after), clock_->boot() + kCall);
  if (!answer) return answer.error();
  std::vector<RegistryChange> changes;
  const auto* list = answer->if_contains("changes");
  if (list == nullptr || !list->is_array())
    return Error{After::unknown, "the registry's answer has no changes"};
  for (const auto& each : list->get_array()) {
    const auto* change = each.if_object();
    const auto* record = change != nullptr ? change->if_contains("record") : nullptr;
    const auto read = record != nullptr && record->is_object()
                          ? wire::record_from(record->get_object())
                          : std::nullopt;
    if (!read) return Error{After::unknown, "a change in the registry's log cannot be read"};
    changes.push_back({*read, std::string(change->at("author").as_string()),
                       BootTime(Duration(change->at("at_boot_ns").as_int64()))});
  }
  return changes;
}

}  // namespace understudy::drill
