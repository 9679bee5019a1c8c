// The two databases, and the room they have.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "readiness/checks.h"

namespace understudy::readiness {

namespace {

constexpr std::uint64_t kMebi = 1ULL << 20;
/// Four segments of the write-ahead log: a promotion writes one, and the next ones come at once.
constexpr std::uint64_t kStandbyRoomLeast = 64 * kMebi;
constexpr std::uint64_t kRoomLeast = 1024 * kMebi;
constexpr std::uint64_t kRoomLeastPercent = 5;

const DatabaseInspection& database(const View& view, const std::string& region) {
  return *view.of(region).inspection->database;
}

/// None if it is not a number.
std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string setting(const DatabaseInspection& database, const std::string& name) {
  const auto found = database.settings.find(name);
  return found == database.settings.end() ? "" : found->second;
}

/// A standby with less of these than its primary stops replaying, and cannot be started.
bool must_not_be_lower(const std::string& name) {
  return name == "max_connections" || name == "max_wal_senders" ||
         name == "max_prepared_transactions" || name == "max_locks_per_transaction" ||
         name == "max_worker_processes";
}

}  // namespace

Answer database_stands_by(const View& view) {
  const auto& state = view.of_target().status->database;
  if (!state) return found(view.target + "'s database does not answer");
  if (state->role == DatabaseRole::standby) return ok();
  return found(view.target + "'s database is a primary",
               "find out who promoted it; nobody may write there, and it must be made anew");
}

Answer database_streams(const View& view) {
  const auto& state = view.of_target().status->database;
  if (!state) return not_known(view.target + "'s database does not answer");
  if (state->streaming) return ok();
  return found(fmt::format("{}'s database receives nothing from {}", view.target, view.active));
}

Answer database_lag(const View& view) {
  const auto& standby = view.of_target().status->database;
  const auto& active = view.of_active().status->database;
  if (!standby) return not_known(view.target + "'s database does not answer");
  if (active && standby->replayed >= active->written) return ok();
  if (!standby->newest_commit) return not_known(view.target + " has replayed no commit yet");
  // Commit times are by the active region's clock.
  const auto& clock = view.of_active().clock;
  const WallTime now = view.of_target().status_at + (clock ? clock->ahead : Duration::zero());
  const Duration lag = std::max(Duration::zero(), now - *standby->newest_commit);
  const Duration budget = view.topology.policy.lag_budget;
  if (lag <= budget) return ok();
  return found(fmt::format("{} lacks what was committed in the last {} ms; the budget is {} ms",
                           view.target, to_ms(lag), to_ms(budget)));
}

Answer database_timeline(const View& view) {
  const auto& standby = view.of_target().status->database;
  const auto& active = view.of_active().status->database;
  if (!standby) return not_known(view.target + "'s database does not answer");
  if (!active) return not_known(view.active + "'s database does not answer");
  if (standby->timeline == active->timeline) return ok();
  if (standby->timeline == 0) return not_known(view.target + " receives from no timeline now");
  return found(fmt::format("{} is on timeline {}, {} on {}", view.active, active->timeline,
                           view.target, standby->timeline));
}

Answer database_versions(const View& view) {
  const std::string& active = database(view, view.active).version;
  const std::string& standby = database(view, view.target).version;
  if (active == standby) return ok();
  return found(fmt::format("{} runs {}, {} runs {}", view.active, active, view.target, standby));
}

Answer database_settings(const View& view) {
  const DatabaseInspection& active = database(view, view.active);
  const DatabaseInspection& standby = database(view, view.target);
  std::map<std::string, std::string> all = active.settings;
  all.insert(standby.settings.begin(), standby.settings.end());
  Findings findings;
  for (const auto& [name, any] : all) {
    const std::string here = setting(active, name);
    const std::string there = setting(standby, name);
    if (here == there) continue;
    const auto least = number(here);
    const auto has = number(there);
    const bool harmless = must_not_be_lower(name) && least && has && *has > *least;
    findings.add(harmless ? Severity::note : Severity::blocks,
                 fmt::format("{} is {} in {} and {} in {}", name, here.empty() ? "not set" : here,
                             view.active, there.empty() ? "not set" : there, view.target));
  }
  return findings.answer();
}

Answer database_extensions(const View& view) {
  const DatabaseInspection& active = database(view, view.active);
  const DatabaseInspection& standby = database(view, view.target);
  Findings findings;
  for (const auto& [name, offered] : standby.extensions) {
    const auto other = active.extensions.find(name);
    if (offered.empty()) {
      findings.add(Severity::blocks,
                   fmt::format("{} is in use, and its files are not in {}", name, view.target));
    } else if (other != active.extensions.end() && other->second != offered) {
      findings.add(Severity::degrades,
                   fmt::format("{} is {} in {} and {} in {}", name, other->second, view.active,
                               offered, view.target));
    }
  }
  return findings.answer();
}

Answer database_collation(const View& view) {
  std::vector<std::string> found_here;
  for (const std::string& region : {view.active, view.target}) {
    const DatabaseInspection& here = database(view, region);
    if (here.collation_recorded != here.collation_actual) {
      found_here.push_back(fmt::format(
          "{}'s indexes were made by version {} of the collation, its machine sorts by {}", region,
          here.collation_recorded, here.collation_actual));
    }
  }
  return found_all(found_here);
}

Answer database_fence(const View& view) {
  std::vector<std::string> without;
  for (const std::string& region : {view.active, view.target}) {
    if (!database(view, region).fence_loaded)
      without.push_back(region + "'s database commits without asking its lease");
  }
  return found_all(without);
}

Answer disk_of_standby(const View& view) {
  const Inspection& standby = *view.of_target().inspection;
  if (standby.disk_bytes == 0) return not_known(view.target + "'s disk could not be asked");
  if (standby.disk_free_bytes >= kStandbyRoomLeast) return ok();
  return found(fmt::format("{} has {} MiB left", view.target, standby.disk_free_bytes / kMebi));
}

Answer disk_room(const View& view) {
  std::vector<std::string> low;
  for (const std::string& region : {view.active, view.target}) {
    const Inspection& here = *view.of(region).inspection;
    if (here.disk_bytes == 0) return not_known(region + "'s disk could not be asked");
    const std::uint64_t least = std::min(kRoomLeast, here.disk_bytes / 100 * kRoomLeastPercent);
    if (here.disk_free_bytes < least)
      low.push_back(fmt::format("{} has {} of {} MiB left", region, here.disk_free_bytes / kMebi,
                                here.disk_bytes / kMebi));
  }
  return found_all(low);
}

Answer wal_room(const View& view) {
  const Inspection& active = *view.of_active().inspection;
  const auto keeps = number(setting(*active.database, "max_slot_wal_keep_size"));
  if (active.disk_bytes == 0 || !keeps)
    return not_known("disk or max_slot_wal_keep_size could not be asked");
  if (*keeps < 0)
    return found(
        "without max_slot_wal_keep_size, an absent standby fills the active region's disk");
  const std::uint64_t whole = static_cast<std::uint64_t>(*keeps) * kMebi;
  const std::uint64_t room = active.disk_free_bytes + active.database->wal_bytes;
  if (room >= whole) return ok();
  return found(fmt::format("it may keep {} MiB, and {} has {} MiB left", *keeps, view.active,
                           active.disk_free_bytes / kMebi));
}

Answer wal_slot(const View& view) {
  std::vector<std::string> lost;
  for (const auto& [slot, status] : database(view, view.active).slots) {
    if (status == "lost" || status == "unreserved")
      lost.push_back(fmt::format("{}: slot {} is {}", view.active, slot, status));
  }
  return found_all(lost);
}

}  // namespace understudy::readiness
