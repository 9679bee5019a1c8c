#include "local/postgres_rebuild.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

#include "local/data_folder.h"
#include "local/postgres_tool.h"
#include "local/rebuild_source.h"
#include "local/render.h"
#include "system/file.h"
#include "system/postgres.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

constexpr const char* kUnit = "postgres";
/// Besides the databases, for the log that is streamed meanwhile.
constexpr std::uint64_t kRoomBeside = 256ULL << 20;

/// The last "nn%" of what pg_basebackup has printed.
std::optional<unsigned> percent_in(const std::string& output) {
  const auto sign = output.rfind('%');
  if (sign == std::string::npos || sign == 0) return std::nullopt;
  auto begin = sign;
  while (begin > 0 && output[begin - 1] >= '0' && output[begin - 1] <= '9') --begin;
  if (begin == sign) return std::nullopt;
  return static_cast<unsigned>(std::min(100UL, std::stoul(output.substr(begin, sign - begin))));
}

class PostgresRebuild final : public DatabaseRebuild {
 public:
  PostgresRebuild(RebuildPlace place, SupervisorClient supervisor, Clock& clock)
      : place_(std::move(place)),
        supervisor_(std::move(supervisor)),
        clock_(clock),
        data_(place_.folder, place_.programs),
        tails_(place_, data_, clock) {}

  Result<LostTail> keep_lost_tail(std::uint64_t epoch, BootTime deadline) override {
    const auto before = tails_.kept(epoch);
    // It stands by already, or is in the middle of becoming what does: leave it alone.
    if (before && (data_.is_standby() || !data_.is_there())) return before->tail;
    if (auto down = stop_server(deadline); !down) return down.error();
    auto seen = compare(deadline);
    if (!seen) return seen.error();
    if (!seen->diverged) {
      const bool known = before && before->tail.diverged_at == seen->at;
      if (known) return before->tail;
      auto nothing = tails_.nothing_lost(epoch, seen->timeline, seen->at);
      if (!nothing) return nothing.error();
      return nothing->tail;
    }
    auto kept = keep_up_to_the_end(epoch, *seen, deadline);
    if (!kept) return kept.error();
    return kept->tail;
  }

  Result<Done> rewind(BootTime deadline) override {
    if (!data_.is_there())
      return Error{After::unchanged_final, "the data folder was left half rewound: copy it"};
    auto overwritable = prepare_to_overwrite(deadline);
    if (!overwritable) return overwritable.error();
    if (!overwritable->diverged) return Done{};
    if (auto known = make_timeline_known(place_.source_conninfo, rest(deadline)); !known)
      return known;
    if (auto tried = pg_rewind(data_.path(), deadline, Rehearse::yes); !tried) return tried;
    if (auto cleared = data_.clear_leftovers(); !cleared) return cleared;
    if (auto kept = keep_slot_there(place_.source_conninfo, place_.slot, rest(deadline)); !kept)
      return kept;
    // Under a name that no server starts from: in the middle of it, it is neither the one nor the
    // other.
    if (auto begun = data_.begin_rewinding(); !begun) return begun;
    if (auto done = pg_rewind(data_.rewinding(), deadline, Rehearse::no); !done)
      return Error{After::unchanged_final, done.error().what + "; it is half rewound: copy it"};
    if (auto ready = data_.make_standby(data_.rewinding()); !ready) return ready;
    if (!has_log_to_replay(data_.rewinding())) {
      return Error{After::unchanged_final,
                   "the other region has no log from before the parting any more: copy it"};
    }
    return data_.end_rewinding();
  }

  Result<Done> copy(const std::function<void(unsigned)>& progress, BootTime deadline) override {
    if (!data_.is_there() && data_.copy_is_complete()) return data_.take_copy();
    auto overwritable = prepare_to_overwrite(deadline);
    if (!overwritable) return overwritable.error();
    if (!overwritable->diverged && data_.is_fresh_standby()) return Done{};
    if (auto cleared = data_.clear_leftovers(); !cleared) return cleared;
    if (auto room = check_room(overwritable->source.bytes); !room) return room;
    if (auto kept = keep_slot_there(place_.source_conninfo, place_.slot, rest(deadline)); !kept)
      return kept;
    if (auto copied = base_backup(progress, deadline); !copied) return copied;
    if (auto ready = data_.make_standby(data_.copy()); !ready) return ready;
    if (auto taken = data_.take_copy(); !taken) return taken;
    return data_.clear_leftovers();
  }

  Result<Done> start_as_standby(BootTime deadline) override {
    if (!data_.is_there())
      return Error{After::unchanged_final, "there is no data folder to start from: copy it"};
    if (!data_.is_standby()) {
      if (auto down = stop_server(deadline); !down) return down;
      auto seen = compare(deadline);
      if (!seen) return seen.error();
      if (seen->diverged)
        return Error{After::unchanged_final,
                     "it holds what the other region never had: rewind or copy it"};
      if (auto ready = data_.make_standby(data_.path()); !ready) return ready;
    }
    if (auto kept = keep_slot_there(place_.source_conninfo, place_.slot, rest(deadline)); !kept)
      return kept;
    if (auto released = supervisor_.release(kUnit, rest(deadline)); !released) return released;
    return await_recovery(deadline);
  }

 private:
  enum class Rehearse : bool { no, yes };

  /// How this database stands to the one it is to follow.
  struct Comparison {
    RebuildSource source;
    std::uint64_t timeline = 0;  ///< the last that both have
    WalPosition at = 0;          ///< where they part, or how far this one goes along
    WalPosition log_end = 0;     ///< of this one, if it was shut down cleanly; else 0
    bool diverged = false;
  };

  [[nodiscard]] milliseconds rest(BootTime deadline) const {
    return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
  }

  /// Down, and kept down. One that does not end by itself is killed: what it has committed is in
  /// its log even so.
  Result<Done> stop_server(BootTime deadline) {
    auto stopped = supervisor_.stop(kUnit, rest(clock_.boot() + (deadline - clock_.boot()) / 2));
    if (stopped || stopped.error().after != After::unknown) return stopped;
    if (auto held = supervisor_.hold(kUnit, rest(deadline)); !held) return held;
    return supervisor_.stop(kUnit, rest(deadline));
  }

  /// Requires: the server is down and the folder is there.
  Result<Comparison> compare(BootTime deadline) {
    if (!data_.is_there())
      return Error{After::unchanged_final, data_.path() + ": there is no database"};
    auto source = ask_source(place_.source_conninfo, rest(deadline));
    if (!source) return source.error();
    auto control = data_.control(rest(deadline));
    if (!control) return control.error();
    if (control->system != source->system)
      return Error{After::unchanged_final, "the other region's database is of another cluster"};
    auto own = data_.history(control->timeline);
    if (!own) return own.error();
    const auto parting = parting_of(*own, source->history);
    if (!parting || parting->old_left_it)
      return Error{After::unchanged_final,
                   "the other region's database was not promoted after this one"};
    Comparison seen{.source = std::move(*source),
                    .timeline = parting->timeline,
                    .at = parting->at.value_or(control->checkpoint),
                    .log_end = control->clean ? control->checkpoint : 0,
                    .diverged = false};
    // A copy's control file is its primary's until it is started.
    const bool standby = control->standby || data_.is_fresh_standby();
    if (!standby && !parting->now_left_it)
      return Error{After::unchanged_final,
                   "this database and the other region's are primaries on one timeline"};
    // The record of a clean shutdown's checkpoint is the last of the log.
    const bool ends_before = control->clean && control->checkpoint < seen.at;
    seen.diverged = !standby && !ends_before;
    return seen;
  }

  /// What was lost where the histories part is kept, all that the log has of it.
  Result<KeptTail> keep_up_to_the_end(std::uint64_t epoch, const Comparison& seen,
                                      BootTime deadline) {
    auto kept = tails_.kept(epoch);
    const bool all = kept && kept->timeline == seen.timeline && kept->tail.diverged_at == seen.at &&
                     seen.log_end != 0 && kept->log_end == seen.log_end;
    if (all) return std::move(*kept);
    return tails_.keep(epoch, seen.timeline, seen.at, deadline);
  }

  /// The guard of everything that overwrites: stops the server, and refuses unless what the other
  /// region never had is kept.
  Result<Comparison> prepare_to_overwrite(BootTime deadline) {
    if (auto down = stop_server(deadline); !down) return down.error();
    if (!data_.is_there()) {  // half rewound, which this guard has allowed before
      auto source = ask_source(place_.source_conninfo, rest(deadline));
      if (!source) return source.error();
      return Comparison{.source = std::move(*source)};
    }
    auto seen = compare(deadline);
    if (!seen || !seen->diverged) return seen;
    const auto kept = tails_.kept_where(seen->timeline, seen->at);
    if (!kept)
      return Error{After::unchanged_final, "what the other region never had is not kept yet"};
    // It was started again in between: look anew.
    auto all = keep_up_to_the_end(kept->epoch, *seen, deadline);
    if (!all) return all.error();
    return seen;
  }

  Result<Done> pg_rewind(const std::string& folder, BootTime deadline, Rehearse rehearse) {
    std::vector<std::string> arguments = {
        place_.programs + "/pg_rewind", "--target-pgdata=" + folder,
        "--source-server=" + place_.source_conninfo + " dbname=postgres", "--no-ensure-shutdown"};
    if (rehearse == Rehearse::yes) arguments.emplace_back("--dry-run");
    auto done = run_postgres_tool("pg_rewind", place_.folder, std::move(arguments), rest(deadline));
    if (done) return Done{};
    Error error = done.error();
    // The source answered a moment ago: that it does not now is the one thing that may pass.
    const bool passes = error.what.find("connection to server") != std::string::npos;
    if (error.after != After::unknown)
      error.after = passes ? After::unchanged_retry : After::unchanged_final;
    return error;
  }

  /// The server will replay from there; pg_rewind has brought all of the log that the source has.
  static bool has_log_to_replay(const std::string& folder) {
    const auto label = file::read(folder + "/backup_label", 1 << 16);
    if (!label) return false;
    // "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)"
    constexpr std::string_view kSign = "(file ";
    const auto at = label->find(kSign);
    if (at == std::string::npos) return false;
    const std::string segment = label->substr(at + kSign.size() + 8, 16);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/pg_wal", error)) {
      const std::string name = entry.path().filename();
      if (name.size() == 24 && name.substr(8) == segment) return true;
    }
    return false;
  }

  [[nodiscard]] Result<Done> check_room(std::uint64_t bytes) const {
    struct statvfs disk {};
    if (statvfs(place_.folder.c_str(), &disk) != 0)
      return Error{After::unchanged_retry, place_.folder + ": its disk cannot be asked"};
    const std::uint64_t free = disk.f_bavail * disk.f_frsize;
    const std::uint64_t needed = bytes + bytes / 20 + kRoomBeside;
    if (free >= needed) return Done{};
    return Error{After::unchanged_final,
                 fmt::format("{}: a copy needs {} MiB beside the old folder, and {} MiB are free",
                             place_.folder, needed >> 20, free >> 20)};
  }

  Result<Done> base_backup(const std::function<void(unsigned)>& progress, BootTime deadline) {
    const std::string output = place_.folder + "/log/pg_basebackup.log";
    unsigned told = 101;
    const auto look = [&] {
      const auto text = file::read(output);
      const auto percent = text ? percent_in(*text) : std::nullopt;
      if (!percent || *percent == told || !progress) return;
      told = *percent;
      progress(told);
    };
    auto status = run_postgres_tool_into(
        output, place_.folder,
        {place_.programs + "/pg_basebackup", "--dbname=" + place_.source_conninfo,
         "--pgdata=" + data_.copy(), "--wal-method=stream", "--slot=" + place_.slot,
         "--checkpoint=fast", "--progress", "--no-password"},
        look, rest(deadline));
    if (!status) return within("pg_basebackup", status.error());
    if (*status == 0) return Done{};
    const auto text = file::read(output);
    return Error{After::unchanged_retry, fmt::format("pg_basebackup: status {}: {}", *status,
                                                     reason_in(text ? *text : ""))};
  }

  Result<Done> await_recovery(BootTime deadline) {
    while (true) {
      auto session = postgres::Connection::open(place_.own_conninfo, rest(deadline));
      if (session) {
        auto recovering = session->run("SELECT pg_is_in_recovery()", {}, rest(deadline));
        if (recovering && recovering->at(0, 0) == "t") return Done{};
        if (recovering) return Error{After::unchanged_final, "it runs, and is no standby"};
      }
      if (clock_.boot() >= deadline) {
        return Error{After::unknown, "it was started, and does not answer as a standby yet" +
                                         (session ? "" : ": " + session.error().what)};
      }
      clock_.sleep_until(clock_.boot() + milliseconds(50));
    }
  }

  const RebuildPlace place_;
  const SupervisorClient supervisor_;
  Clock& clock_;
  const DataFolder data_;
  LostTailKeeper tails_;
};

}  // namespace

RebuildPlace rebuild_place(const Layout& layout, const std::string& region,
                           const std::string& programs, const StackSecrets& secrets) {
  return {.platform = layout.topology().platform,
          .region = region,
          .folder = layout.domain(region).folder,
          .programs = programs,
          .database = layout.topology().database.name,
          .socket_folder = private_socket_folder(layout, region),
          .own_conninfo = understudy_conninfo(layout, region, secrets),
          .source_conninfo = replication_conninfo(layout, region),
          .slot = replication_slot(region)};
}

Result<std::string> postgres_programs(const Layout& layout, const std::string& region) {
  auto units = load_units(layout.domain(region).file("units.json"));
  if (!units) return units.error();
  for (const Unit& unit : *units) {
    if (unit.name == kUnit) return fs::path(unit.command.at(0)).parent_path().string();
  }
  return Error{After::unchanged_final, region + ": its supervisor runs no PostgreSQL"};
}

std::unique_ptr<DatabaseRebuild> make_postgres_rebuild(RebuildPlace place,
                                                       SupervisorClient supervisor, Clock& clock) {
  return std::make_unique<PostgresRebuild>(std::move(place), std::move(supervisor), clock);
}

}  // namespace understudy
