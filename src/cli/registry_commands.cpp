// registry recover: a record made anew after the registry lost its own, from what the agents say.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "local/control_client.h"
#include "local/site.h"
#include "local/units.h"
#include "ports/wire.h"
#include "recovery/record_changes.h"
#include "recovery/registry_recovery.h"
#include "system/file.h"
#include "system/kernel.h"

namespace understudy {

namespace {

constexpr Duration kCall = std::chrono::seconds(2);
constexpr milliseconds kSupervisor{5000};
constexpr Duration kUntilItAnswers = std::chrono::seconds(20);
constexpr const char* kUnit = "registry";
constexpr const char* kCommand = "registry recover";

class Recovering {
 public:
  Recovering(const Site& site, RecoverWords words)
      : site_(site),
        words_(std::move(words)),
        clock_(make_kernel_clock()),
        http_(Site::control_http(site.layout().file("tls"), "cli")),
        supervisor_(site.layout().control_socket("witness")),
        place_(site.layout().domain("witness")) {}

  Exit run() {
    const RecoveryEvidence evidence = gather();
    if (const auto well = registry_is_well(evidence)) {
      fmt::print(
          "the registry answers and is as new as all that the agents saw (version {}): "
          "nothing to recover\n",
          *well);
      return Exit::ok;
    }
    if (words_.yes) return replace();
    auto recovery = recover_record(evidence, "dry-run");
    if (!recovery) return refuse(recovery.error());
    show(*recovery);
    fmt::print("nothing was changed; do it with --yes\n");
    return Exit::no;
  }

 private:
  [[nodiscard]] ControlClient client(const Endpoint& at) const {
    return {http_, at.text(), *clock_};
  }

  RecoveryEvidence gather() {
    RecoveryEvidence evidence{.platform = site_.topology().platform,
                              .settled = given(words_.settled),
                              .earlier = earlier(),
                              .now = clock_->wall()};
    evidence.gone = given(words_.gone);
    for (const Region& region : site_.topology().regions) {
      auto said =
          client(site_.layout().agent(region.name)).get("/v1/status", clock_->boot() + kCall);
      auto status = said ? wire::agent_status_from(*said) : std::nullopt;
      fmt::print("{:<10} {}\n", region.name, status ? describe(*status) : "does not answer");
      evidence.agents[region.name] = std::move(status);
    }
    return evidence;
  }

  static std::optional<std::string> given(const std::string& word) {
    return word.empty() ? std::nullopt : std::optional(word);
  }

  static std::string describe(const AgentStatus& agent) {
    const std::string database =
        agent.database ? fmt::format("{} in timeline {}", to_string(agent.database->role),
                                     agent.database->timeline)
                       : "database does not answer";
    return fmt::format(
        "{}, {}; epoch {}, term {}, saw version {}{}",
        agent.writable ? "holds the lease" : "no lease", database, agent.epoch, agent.term,
        agent.version,
        agent.ordered_epoch > agent.epoch
            ? fmt::format(", ordered to be promoted to epoch {}", agent.ordered_epoch)
            : "");
  }

  /// Of the record that the last recovery left, or `up`.
  [[nodiscard]] std::optional<Record> earlier() const {
    const auto text = file::read(first_record());
    const auto object = text ? wire::parse_object(*text) : std::nullopt;
    return object ? wire::record_from(*object) : std::nullopt;
  }

  std::optional<std::uint64_t> registry_is_well(const RecoveryEvidence& evidence) {
    auto read = client(site_.layout().registry()).get("/v1/record", clock_->boot() + kCall);
    const auto record = read ? wire::record_from(*read) : std::nullopt;
    if (!record) return std::nullopt;
    for (const auto& [region, agent] : evidence.agents) {
      if (agent && agent->version > record->version) {
        fmt::print("the registry shows version {}, and {} saw {}: it went back in time (R7)\n",
                   record->version, region, agent->version);
        return std::nullopt;
      }
    }
    return record->version;
  }

  /// What the registry still did between the question and its end would be forgotten: it ends
  /// first.
  Exit replace() {
    if (auto held = supervisor_.hold(kUnit, kSupervisor); !held)
      return fail(kCommand, "the registry cannot be stopped: " + held.error().what, Exit::no);
    fmt::print("the registry is stopped\n");
    const auto recovery =
        recover_record(gather(), fmt::format("recovered-{:016x}", make_kernel_random()->next()));
    Exit outcome = Exit::ok;
    if (!recovery) {
      outcome = refuse(recovery.error());
    } else {
      show(*recovery);
      if (auto stored = store(recovery->record); !stored)
        outcome = fail(kCommand, "the new record: " + stored.error().what, Exit::machine);
    }
    if (auto released = supervisor_.release(kUnit, kSupervisor); !released)
      return fail(kCommand, "the registry cannot be started: " + released.error().what, Exit::no);
    if (!recovery || outcome != Exit::ok) return outcome;
    return await(recovery->record);
  }

  Result<Done> store(const Record& record) {
    if (const auto why = malformed(record)) return Error{After::unchanged_final, *why};
    const auto lost = fmt::format(".lost-{}", clock_->wall().time_since_epoch().count());
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      const std::string from = place_.file(std::string("registry.db") + suffix);
      std::error_code failed;
      if (!std::filesystem::exists(from)) continue;
      std::filesystem::rename(from, place_.file("registry.db" + lost + suffix), failed);
      if (failed) return Error{After::unchanged_retry, from + ": " + failed.message()};
    }
    auto written =
        file::write_durably(first_record(), boost::json::serialize(wire::to_json(record)));
    if (!written) return written;
    // The registry may run as another user than we do.
    struct stat folder {};
    if (stat(place_.folder.c_str(), &folder) != 0 ||
        lchown(first_record().c_str(), folder.st_uid, folder.st_gid) != 0)
      return Error{After::unchanged_retry, first_record() + ": cannot be given to the registry"};
    return Done{};
  }

  Exit await(const Record& record) {
    const BootTime give_up = clock_->boot() + kUntilItAnswers;
    while (clock_->boot() < give_up) {
      auto read = client(site_.layout().registry()).get("/v1/record", clock_->boot() + kCall);
      const auto seen = read ? wire::record_from(*read) : std::nullopt;
      if (seen && seen->version >= record.version) {
        fmt::print("the registry answers with it\n");
        return Exit::ok;
      }
      clock_->sleep_until(clock_->boot() + milliseconds(100));
    }
    return fail(kCommand, "the registry does not answer yet: understudy logs witness registry",
                Exit::no);
  }

  static Exit refuse(const Error& error) {
    return fail(kCommand, error.what + "; the record was not changed", Exit::no);
  }

  static void show(const Recovery& recovery) {
    const Record& record = recovery.record;
    fmt::print("the new record: {} is active in epoch {}: {}; standby {}, version {}{}\n",
               record.active, record.epoch, recovery.because, record.standby.value_or("none yet"),
               record.version,
               record.transition.phase == Phase::none
                   ? ""
                   : fmt::format("; {} goes on", record.transition.execution));
  }

  [[nodiscard]] std::string first_record() const { return place_.file("first-record.json"); }

  const Site& site_;
  const RecoverWords words_;
  const std::unique_ptr<Clock> clock_;
  const std::shared_ptr<const http::Client> http_;
  const SupervisorClient supervisor_;
  const DomainPlace place_;
};

}  // namespace

Exit recover_command(const Where& where, const RecoverWords& words) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  auto site = Site::open(stack->data);
  if (!site) return fail(kCommand, "is the stack up? " + site.error().what, Exit::no);
  for (const std::string& region : {words.gone, words.settled}) {
    if (!region.empty() && (*site)->topology().region(region) == nullptr)
      return fail(kCommand, "no region is named \"" + region + "\"", Exit::usage);
  }
  return Recovering(**site, words).run();
}

}  // namespace understudy
