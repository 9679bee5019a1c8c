#include "controller/record_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "controller/execution_runner.h"
#include "record/history_view.h"
#include "record/verification.h"
#include "system/file.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr const char* kKeptAs = "records";
constexpr Duration kAgain = std::chrono::seconds(30);
constexpr Duration kNothingToDo = std::chrono::hours(1);
constexpr std::size_t kBytesMax = 256 << 20;

/// Why it does not hold, the certificate aside; "" if it does.
std::string flaw_of(const std::string& text) {
  for (const record::Check& check : record::verify(text, std::nullopt).checks) {
    if (check.verdict == record::Verdict::broken)
      return fmt::format("{}: {}", check.name, check.what);
  }
  return {};
}

}  // namespace

RecordKeeper::RecordKeeper(Orchestration& world, Journal& journal, RecordSources sources)
    : world_(world), journal_(journal), sources_(std::move(sources)), wake_(world.tasks.signal()) {}

void RecordKeeper::start() {
  world_.tasks.spawn("records", [this] {
    while (!stopped_) {
      const auto done = catch_up();
      if (!done) {
        world_.events.emit("record.failed", {{"why", done.error().what}});
        world_.alerts.raise({.subject = "an incident record cannot be written",
                             .done = "tries again; nothing else waits for it: " + done.error().what,
                             .ask = "see to the disk of the controller",
                             .key = "record.failed"});
      }
      (void)wake_->wait_until(world_.clock.boot() + (done ? kNothingToDo : kAgain));
    }
  });
}

void RecordKeeper::stop() {
  stopped_ = true;
  wake_->notify();
}

std::string RecordKeeper::file_of(const std::string& execution) const {
  return sources_.folder + "/" + execution + ".record.jsonl";
}

Result<RecordKeeper::Shelf> RecordKeeper::read_shelf() const {
  auto text = journal_.kept(kKeptAs);
  if (!text) return within("which records there are", text.error());
  Shelf shelf;
  if (text->empty()) return shelf;
  try {
    const json::value list = json::parse(*text);
    for (const json::value& each : list.as_array()) {
      const auto at = [&](const char* name) {
        return json::value_to<std::string>(each.as_object().at(name));
      };
      shelf.push_back({at("execution"), at("hash"), parse_wall(at("ended")).value_or(WallTime())});
    }
    return shelf;
  } catch (const std::exception& unreadable) {
    return Error{After::unchanged_final,
                 std::string("which records there are cannot be read: ") + unreadable.what()};
  }
}

Result<Done> RecordKeeper::write_shelf(const Shelf& shelf) {
  json::array list;
  for (const Kept& kept : shelf) {
    list.push_back(json::object{
        {"execution", kept.execution}, {"hash", kept.hash}, {"ended", format_wall(kept.ended)}});
  }
  return journal_.keep(kKeptAs, json::serialize(list));
}

Result<Done> RecordKeeper::catch_up() {
  auto shelf = read_shelf();
  if (!shelf) return shelf.error();
  const auto entries = journal_.executions();
  if (!entries) return entries.error();
  if (auto folder = file::make_folder(sources_.folder); !folder) return folder;
  if (!files_checked_) check_files(*shelf);
  files_checked_ = true;
  for (std::size_t place = 0; place < shelf->size(); ++place) {
    if (file::exists(file_of((*shelf)[place].execution))) continue;
    if (auto restored = restore(*shelf, place, *entries); !restored) return restored;
  }
  for (const ExecutionEntry& entry : *entries) {
    const bool known = std::ranges::find(*shelf, entry.name, &Kept::execution) != shelf->end();
    if (known) continue;
    if (auto added = add(*shelf, entry); !added) return within(entry.name, added.error());
  }
  return Done{};
}

/// A record that was written and changed since is left as it is: it is evidence.
void RecordKeeper::check_files(const Shelf& shelf) {
  for (const Kept& kept : shelf) {
    const std::string path = file_of(kept.execution);
    if (!file::exists(path)) continue;
    const auto text = file::read(path, kBytesMax);
    if (!text) {
      tell_damaged(kept.execution, text.error().what);
    } else if (record::signed_hash(*text) != kept.hash) {
      tell_damaged(kept.execution, "it is not the one that was written");
    } else if (const std::string flaw = flaw_of(*text); !flaw.empty()) {
      tell_damaged(kept.execution, flaw);
    }
  }
}

void RecordKeeper::tell_damaged(const std::string& execution, const std::string& what) {
  world_.events.emit("record.damaged", {{"execution", execution}, {"why", what}});
  world_.alerts.raise({.subject = "the incident record of " + execution + " is damaged",
                       .done = "left it as it is: " + what,
                       .ask = "compare it with the copy that was shipped; find out who did it",
                       .key = "record.damaged." + execution});
}

Result<std::optional<record::Material>> RecordKeeper::material_of(const ExecutionEntry& entry,
                                                                  const Shelf& shelf,
                                                                  std::size_t place) const {
  using Perhaps = std::optional<record::Material>;
  auto history = journal_.events(entry.name);
  if (!history) return history.error();
  // The journal's word for its end may be missing, where it could not be written.
  std::string status = record::status_of(*history);
  if (status.empty()) status = entry.status;
  if (status == to_string(states::Status::running)) return Perhaps();
  record::Material material{.place = {.number = place + 1},
                            .platform = world_.topology.platform,
                            .info = info_of(entry),
                            .document = entry.document,
                            .started = entry.started,
                            .status = std::move(status),
                            .history = std::move(*history),
                            .settings = sources_.settings,
                            .events = {},
                            .orders_since = {},
                            .program = sources_.program,
                            .program_sha256 = sources_.program_sha256(),
                            .secrets = sources_.secrets};
  if (place > 0) {
    const Kept& before = shelf[place - 1];
    material.place.previous = before.hash;
    material.place.previous_execution = before.execution;
    material.orders_since = before.ended;
  }
  auto events = sources_.events(material.events_since());
  if (!events) return events.error();
  material.events = std::move(*events);
  return Perhaps(std::move(material));
}

/// Its place is taken, yet there is no file: we died before it was written, or somebody removed it.
Result<Done> RecordKeeper::restore(Shelf& shelf, std::size_t place,
                                   const std::vector<ExecutionEntry>& entries) {
  Kept& kept = shelf[place];
  const auto entry = std::ranges::find(entries, kept.execution, &ExecutionEntry::name);
  if (entry == entries.end()) {
    tell_damaged(kept.execution, "it is gone, and so is its execution in the journal");
    return Done{};
  }
  auto material = material_of(*entry, shelf, place);
  if (!material) return material.error();
  if (!*material) return Done{};
  const record::Chain chain = record::build(**material);
  if (chain.hash() != kept.hash) {
    // What it was made of is not the same any more. Nothing follows the last one yet.
    if (place + 1 < shelf.size()) {
      tell_damaged(kept.execution, "it is gone, and cannot be made again as it was");
      return Done{};
    }
    kept.hash = chain.hash();
    if (auto written = write_shelf(shelf); !written) return written;
  }
  return write(chain, kept, place + 1);
}

Result<Done> RecordKeeper::add(Shelf& shelf, const ExecutionEntry& entry) {
  auto material = material_of(entry, shelf, shelf.size());
  if (!material) return material.error();
  if (!*material) return Done{};
  const record::Chain chain = record::build(**material);
  shelf.push_back({entry.name, chain.hash(), (*material)->ended()});
  if (auto written = write_shelf(shelf); !written) return written;
  return write(chain, shelf.back(), shelf.size());
}

Result<Done> RecordKeeper::write(const record::Chain& chain, const Kept& kept,
                                 std::uint64_t number) {
  const auto signature = sources_.signer.sign(chain.hash());
  if (!signature) return signature.error();
  const std::string text = chain.text() + *signature + "\n";
  // One that does not hold is evidence all the same, and so is that it does not.
  const std::string flaw = flaw_of(text);
  if (auto written = file::write_durably(file_of(kept.execution), text); !written) return written;
  world_.events.emit("record.written", {{"execution", kept.execution},
                                        {"number", number},
                                        {"entries", chain.entries()},
                                        {"hash", kept.hash},
                                        {"flaw", flaw}});
  if (!flaw.empty()) tell_damaged(kept.execution, flaw);
  return Done{};
}

}  // namespace understudy
