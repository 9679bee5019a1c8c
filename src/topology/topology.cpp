#include "topology/topology.h"

#include "base/ensure.h"
#include "topology/names.h"

namespace understudy {
namespace {

template <class Enum>
std::string_view spelling(Enum value) {
  for (const auto& [known, name] : Spellings<Enum>::all) {
    if (known == value) return name;
  }
  return "?";
}

}  // namespace

const Region* Topology::region(std::string_view name) const {
  for (const auto& candidate : regions) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

const Region& Topology::other(std::string_view name) const {
  ensure(regions.size() == 2, "a topology has two regions");
  ensure(region(name) != nullptr, "other() is asked only of one of the two regions");
  return regions[regions[0].name == name ? 1 : 0];
}

const Service* Topology::service(std::string_view name) const {
  for (const auto& candidate : services) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

std::vector<const Service*> Topology::reached_by(IngressKind ingress) const {
  std::vector<const Service*> found;
  for (const auto& candidate : services) {
    if (candidate.ingress == ingress) found.push_back(&candidate);
  }
  return found;
}

std::string url_variable(const Service& service) {
  std::string variable;
  for (const char c : service.name) {
    const bool lower = c >= 'a' && c <= 'z';
    variable += c == '-' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable + "_URL";
}

std::string_view to_string(Posture posture) { return spelling(posture); }
std::string_view to_string(IngressKind ingress) { return spelling(ingress); }
std::string_view to_string(OverBudget over_budget) { return spelling(over_budget); }
std::string_view to_string(RpoPolicy rpo) { return spelling(rpo); }
std::string_view to_string(Replication replication) { return spelling(replication); }
std::string_view to_string(Automation automation) { return spelling(automation); }
std::string_view to_string(AlertFormat format) { return spelling(format); }

}  // namespace understudy
