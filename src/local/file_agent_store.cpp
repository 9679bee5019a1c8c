#include "local/file_agent_store.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <mutex>

#include "system/file.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::array kCounters = {
    std::pair{"term", &AgentState::term},
    std::pair{"fenced_term", &AgentState::fenced_term},
    std::pair{"revoked_term", &AgentState::revoked_term},
    std::pair{"epoch", &AgentState::epoch},
    std::pair{"ordered_epoch", &AgentState::ordered_epoch},
    std::pair{"version", &AgentState::version},
};

class FileAgentStore final : public AgentStore {
 public:
  explicit FileAgentStore(std::string path) : path_(std::move(path)) {}

  Result<std::optional<AgentState>> load() override {
    const std::lock_guard held(lock_);
    return load_held();
  }

  Result<Done> raise(const AgentState& state) override {
    const std::lock_guard held(lock_);
    // What an earlier life stored counts, too, and what cannot be read is not written over.
    if (!known_) {
      if (auto loaded = load_held(); !loaded) return loaded.error();
    }
    AgentState next = state;
    for (const auto& [name, member] : kCounters)
      next.*member = std::max(state.*member, stored_.*member);
    json::object object{{"identity", next.identity}};
    for (const auto& [name, member] : kCounters)
      object[name] = static_cast<std::int64_t>(next.*member);
    auto written = file::write_durably(path_, json::serialize(object) + "\n", 0600);
    if (written) stored_ = next;
    return written;
  }

 private:
  Result<std::optional<AgentState>> load_held() {
    if (!file::exists(path_)) {
      known_ = true;
      return std::optional<AgentState>();
    }
    auto text = file::read(path_, 1 << 16);
    if (!text) return text.error();
    boost::system::error_code malformed;
    const json::value value = json::parse(*text, malformed);
    if (malformed || !value.is_object()) return unbelievable("it is no JSON object");
    AgentState state;
    const auto* identity = value.get_object().if_contains("identity");
    if (identity == nullptr || !identity->is_string())
      return unbelievable("\"identity\" is missing");
    state.identity = identity->get_string();
    for (const auto& [name, member] : kCounters) {
      const auto* counter = value.get_object().if_contains(name);
      if (counter == nullptr || !counter->is_int64() || counter->get_int64() < 0) {
        return unbelievable(std::string("\"") + name + "\" is missing or not a count");
      }
      state.*member = static_cast<std::uint64_t>(counter->get_int64());
    }
    stored_ = state;
    known_ = true;
    return std::optional(state);
  }

  [[nodiscard]] Error unbelievable(const std::string& why) const {
    return {After::unchanged_final,
            path_ + ": " + why +
                "; move the file away and the agent learns its state from the registry"};
  }

  const std::string path_;
  std::mutex lock_;
  AgentState stored_;
  bool known_ = false;  ///< stored_ is what is on the disk
};

}  // namespace

std::unique_ptr<AgentStore> make_file_agent_store(std::string path) {
  return std::make_unique<FileAgentStore>(std::move(path));
}

}  // namespace understudy
