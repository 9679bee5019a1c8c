#include "ports/registry.h"

#include <array>
#include <utility>

namespace understudy {

namespace {

constexpr std::array kPhases = {
    std::pair{Phase::none, std::string_view("none")},
    std::pair{Phase::open, std::string_view("open")},
    std::pair{Phase::revoked, std::string_view("revoked")},
    std::pair{Phase::promoting, std::string_view("promoting")},
    std::pair{Phase::switched, std::string_view("switched")},
};

constexpr std::array kKinds = {
    std::pair{TransitionKind::failover, std::string_view("failover")},
    std::pair{TransitionKind::switchover, std::string_view("switchover")},
    std::pair{TransitionKind::failback, std::string_view("failback")},
};

template <class Table, class Key>
std::string_view name_of(const Table& table, Key key) {
  for (const auto& [value, name] : table) {
    if (value == key) return name;
  }
  ensure(false, "every phase and kind has a name");
  return {};
}

template <class Value, class Table>
std::optional<Value> named(const Table& table, std::string_view text) {
  for (const auto& [value, name] : table) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Phase phase) { return name_of(kPhases, phase); }
std::string_view to_string(TransitionKind kind) { return name_of(kKinds, kind); }
std::optional<Phase> phase_from(std::string_view text) { return named<Phase>(kPhases, text); }
std::optional<TransitionKind> transition_kind_from(std::string_view text) {
  return named<TransitionKind>(kKinds, text);
}

}  // namespace understudy
