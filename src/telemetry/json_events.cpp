#include "telemetry/json_events.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

namespace {

class JsonEvents final : public Events {
 public:
  JsonEvents(int file, std::string source, const Clock& clock)
      : file_(file), source_(std::move(source)), clock_(clock) {}
  ~JsonEvents() override { close(file_); }
  JsonEvents(const JsonEvents&) = delete;
  JsonEvents& operator=(const JsonEvents&) = delete;

  void emit(std::string_view name, json::object fields) override {
    const WallTime now = clock_.wall();
    json::object event{{"at", format_wall(now)},
                       {"at_ns", now.time_since_epoch().count()},
                       {"source", source_},
                       {"event", name}};
    if (const auto lost = lost_.exchange(0); lost != 0) event["events_lost_before"] = lost;
    for (auto& field : fields) event.insert_or_assign(field.key(), std::move(field.value()));
    const std::string line = json::serialize(event) + "\n";
    const ssize_t written = write(file_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) ++lost_;
  }

 private:
  const int file_;
  const std::string source_;
  const Clock& clock_;
  std::atomic<std::uint64_t> lost_{0};
};

class EventAlerts final : public Alerts {
 public:
  explicit EventAlerts(Events& events) : events_(events) {}

  void raise(const Alert& alert) override {
    {
      const std::lock_guard held(lock_);
      if (!raised_.insert(alert.key).second) return;
    }
    events_.emit(
        "alert.raised",
        {{"subject", alert.subject}, {"done", alert.done}, {"ask", alert.ask}, {"key", alert.key}});
  }

 private:
  Events& events_;
  std::mutex lock_;
  std::set<std::string> raised_;
};

}  // namespace

Result<std::unique_ptr<Events>> open_json_events(const std::string& path, std::string source,
                                                 const Clock& clock) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return Error{After::unchanged_final, path + ": " + std::strerror(errno)};
  return std::unique_ptr<Events>(std::make_unique<JsonEvents>(file, std::move(source), clock));
}

Result<std::vector<json::object>> read_json_events(const std::string& path, WallTime since) {
  std::vector<json::object> events;
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    auto event = wire::parse_object(line);
    const auto* at = event ? event->if_contains("at_ns") : nullptr;
    if (at == nullptr || !at->is_int64() || WallTime(Duration(at->get_int64())) < since) continue;
    events.push_back(std::move(*event));
  }
  if (file.eof()) return events;
  return Error{After::unchanged_retry, path + ": cannot be read"};
}

std::unique_ptr<Alerts> make_event_alerts(Events& events) {
  return std::make_unique<EventAlerts>(events);
}

}  // namespace understudy
