#include "controller/writer_watch.h"

#include <fmt/format.h>

#include "recovery/steps/common.h"

namespace understudy {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds(2);
constexpr Duration kCall = milliseconds(500);
/// Longer than a database takes to restart in place.
constexpr Duration kMissedTooLong = std::chrono::seconds(10);
/// Two segments of the write-ahead log. A full disk refuses what needs new room and lets a
/// heartbeat through, which needs none.
constexpr std::uint64_t kRoomLeast = 32ULL << 20;

/// "" if there is none.
std::string trouble(const AgentStatus& agent) {
  if (milliseconds(agent.writes_missed_ms) >= kMissedTooLong) {
    return fmt::format("its database has taken no writes for {} s", agent.writes_missed_ms / 1000);
  }
  if (agent.database && agent.database->disk_free_bytes.value_or(kRoomLeast) < kRoomLeast) {
    return fmt::format("the disk of its database is full: {} MiB are left",
                       *agent.database->disk_free_bytes >> 20);
  }
  return "";
}

}  // namespace

void WriterWatch::start() {
  world_.tasks.spawn("watch-writer", [this] {
    while (!stopped_) {
      const BootTime next = world_.clock.boot() + kLookEvery;
      look();
      world_.clock.sleep_until(next);
    }
  });
}

void WriterWatch::look() {
  const auto read = steps::read_record(world_);
  const auto* record = std::get_if<Record>(&read);
  if (record == nullptr || record->transition.phase != Phase::none) return;
  const auto agent = world_.agents.at(record->active)->status(world_.clock.boot() + kCall);
  if (!agent) return;  // the sentry's business
  tell_of_trouble(*record, *agent);
  tell_of_loss(*record, *agent);
}

void WriterWatch::tell_of_trouble(const Record& record, const AgentStatus& agent) {
  const std::string why = trouble(agent);
  if (why.empty()) return;
  world_.alerts.raise(
      {.subject = record.active + ": " + why,
       .done = fmt::format("nothing; it stays the active region. Its agent says: {}",
                           agent.note.empty() ? "all is well" : agent.note),
       .ask = fmt::format("see to the disk and the log of {}'s database", record.active),
       .key = fmt::format("{}.no_writes.{}", record.active, record.epoch)});
}

void WriterWatch::tell_of_loss(const Record& record, const AgentStatus& agent) {
  if (agent.unguarded_lag_ms <= 0) return;
  world_.alerts.raise(
      {.subject = record.active + ": the standby stays behind, and commits wait for it no longer",
       .done = fmt::format("the lag budget is not kept: a failover now would lose {} s",
                           agent.unguarded_lag_ms / 1000),
       .ask = "see to the standby and to the link to it; understudy status",
       .key = fmt::format("{}.unguarded.{}", record.active, record.epoch)});
}

}  // namespace understudy
