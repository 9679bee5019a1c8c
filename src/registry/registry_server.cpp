#include "registry/registry_server.h"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "local/authority.h"
#include "local/control_server.h"
#include "local/site.h"
#include "ports/wire.h"
#include "recovery/record_changes.h"
#include "registry/record_store.h"
#include "system/file.h"
#include "system/kernel.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// The store, one caller at a time, and who waits for it to change. Thread-safe.
class SharedRecord {
 public:
  explicit SharedRecord(RecordStore store) : store_(std::move(store)) {}

  Record current() {
    const std::lock_guard held(lock_);
    return store_.current();
  }

  Record await(std::uint64_t version, milliseconds wait) {
    std::unique_lock held(lock_);
    changed_.wait_for(held, wait, [&] { return stopping_ || store_.current().version > version; });
    return store_.current();
  }

  Replaced replace(const Record& next, const std::string& author) {
    const std::lock_guard held(lock_);
    // A change of an older record is answered with the newest, whoever asks.
    const Record& now = store_.current();
    const auto why =
        next.version == now.version + 1 ? not_allowed(author, now, next) : std::nullopt;
    if (why) return Error{After::unchanged_final, *why};
    auto replaced = store_.replace(next, author);
    if (std::holds_alternative<Record>(replaced)) changed_.notify_all();
    // What is on the disk is not known any more: end, and read it anew at the next start.
    const auto* error = std::get_if<Error>(&replaced);
    if (error != nullptr && error->after == After::unknown) kill(getpid(), SIGTERM);
    return replaced;
  }

  Result<std::vector<LoggedChange>> changes_after(std::uint64_t version) {
    const std::lock_guard held(lock_);
    return store_.changes_after(version, 1000);
  }

  void stop() {
    const std::lock_guard held(lock_);
    stopping_ = true;
    changed_.notify_all();
  }

 private:
  /// Least privilege: who may make which change at all. The rules of the change come after.
  static std::optional<std::string> not_allowed(const std::string& author, const Record& now,
                                                const Record& next) {
    const bool quiet = now.transition.phase == next.transition.phase;
    const QuietChange change = quiet_change(now, next);
    const bool detach = quiet && change == QuietChange::detach;
    if (author == "controller") {
      if (quiet && !detach) return "the controller neither renews a lease nor attaches a standby";
      return std::nullopt;
    }
    const bool own = author == "agent-" + now.active;
    if (!own && quiet && change == QuietChange::keep_detached) return std::nullopt;
    if (!own || !quiet || detach) {
      return author + " may only renew its own region's lease or attach its standby, and " +
             now.active + " is active";
    }
    return std::nullopt;
  }

  std::mutex lock_;
  std::condition_variable changed_;
  RecordStore store_;
  bool stopping_ = false;
};

http::Response put_record(SharedRecord& record, const ControlCall& call) {
  const auto next = wire::record_from(call.body);
  if (!next) return control_error({After::unchanged_final, "the body is no record"});
  const Replaced replaced = record.replace(*next, call.request.peer);
  if (const auto* error = std::get_if<Error>(&replaced)) return control_error(*error);
  if (const auto* conflict = std::get_if<Conflict>(&replaced)) {
    auto response = control_answer(wire::to_json(conflict->current));
    response.status = 409;
    return response;
  }
  return control_answer(wire::to_json(std::get<Record>(replaced)));
}

http::Response get_changes(SharedRecord& record, const ControlCall& call) {
  auto changes =
      record.changes_after(std::strtoull(call.request.parameter("after").c_str(), nullptr, 10));
  if (!changes) return control_error(changes.error());
  json::array all;
  for (const LoggedChange& change : *changes) {
    all.push_back(json::object{{"record", wire::to_json(change.record)},
                               {"author", change.author},
                               {"at_boot_ns", change.at.time_since_epoch().count()},
                               {"at_wall_ns", change.at_wall.time_since_epoch().count()}});
  }
  return control_answer({{"changes", std::move(all)}});
}

Result<std::optional<Record>> first_record(const std::string& file) {
  if (!file::exists(file)) return std::optional<Record>();
  auto text = file::read(file);
  if (!text) return text.error();
  const auto object = wire::parse_object(*text);
  auto record = object ? wire::record_from(*object) : std::nullopt;
  if (!record) return Error{After::unchanged_final, file + " is no record"};
  return record;
}

}  // namespace

Result<Done> run_registry(const std::string& data) {
  block_stop_signals();
  auto site = Site::open(data);
  if (!site) return site.error();
  const DomainPlace place = (*site)->layout().domain("witness");
  const auto clock = make_kernel_clock();
  auto first = first_record(place.file("first-record.json"));
  if (!first) return first.error();
  auto store = RecordStore::open(place.file("registry.db"), *first, *clock);
  if (!store) return store.error();
  SharedRecord record(std::move(*store));

  const std::vector<std::string> readers = {"agent-*", "controller", "cli"};
  std::vector<ControlRoute> routes = {
      {"GET", "/v1/record", readers,
       [&record](const ControlCall& call) {
         const std::string after = call.request.parameter("after");
         const Record seen =
             after.empty() ? record.current()
                           : record.await(std::strtoull(after.c_str(), nullptr, 10), wait_of(call));
         return control_answer(wire::to_json(seen));
       }},
      {"PUT",
       "/v1/record",
       {"agent-*", "controller"},
       [&record](const ControlCall& call) { return put_record(record, call); }},
      {"GET",
       "/v1/changes",
       {"cli", "controller"},
       [&record](const ControlCall& call) { return get_changes(record, call); }},
  };
  // Every agent and the controller may hold one worker in a long poll.
  auto server =
      serve_control((*site)->layout().registry(), certificate_files(place.file("tls"), "registry"),
                    std::move(routes), 12);
  if (!server) return server.error();
  wait_for_stop_signal();
  record.stop();
  (*server)->stop(milliseconds(500));
  return Done{};
}

}  // namespace understudy
