#pragma once
// How the choices of topology.h are spelled in understudy.yaml and in JSON: once, for both ways.

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "topology/topology.h"

namespace understudy {

/// Every value of an enumeration with its spelling, in the order in which they are declared.
template <class Enum>
struct Spellings;

template <>
struct Spellings<Posture> {
  static constexpr std::array all = {
      std::pair{Posture::warm, std::string_view("warm")},
      std::pair{Posture::minimal, std::string_view("minimal")},
      std::pair{Posture::edge_cached, std::string_view("edge-cached")},
      std::pair{Posture::scaled_on_failover, std::string_view("scaled-on-failover")},
      std::pair{Posture::active_only, std::string_view("active-only")},
  };
};

template <>
struct Spellings<IngressKind> {
  static constexpr std::array all = {
      std::pair{IngressKind::none, std::string_view("none")},
      std::pair{IngressKind::accelerator, std::string_view("accelerator")},
      std::pair{IngressKind::cdn, std::string_view("cdn")},
      std::pair{IngressKind::internal, std::string_view("internal")},
  };
};

template <>
struct Spellings<RpoPolicy> {
  static constexpr std::array all = {
      std::pair{RpoPolicy::availability_first, std::string_view("availability-first")},
      std::pair{RpoPolicy::budget_first, std::string_view("budget-first")},
  };
};

template <>
struct Spellings<OverBudget> {
  static constexpr std::array all = {
      std::pair{OverBudget::ask, std::string_view("ask")},
      std::pair{OverBudget::wait, std::string_view("wait")},
      std::pair{OverBudget::go_on, std::string_view("go-on")},
  };
};

template <>
struct Spellings<Replication> {
  static constexpr std::array all = {
      std::pair{Replication::asynchronous, std::string_view("asynchronous")},
      std::pair{Replication::synchronous, std::string_view("synchronous")},
  };
};

template <>
struct Spellings<Automation> {
  static constexpr std::array all = {
      std::pair{Automation::on, std::string_view("on")},
      std::pair{Automation::ask, std::string_view("ask")},
      std::pair{Automation::off, std::string_view("off")},
  };
};

template <>
struct Spellings<AlertFormat> {
  static constexpr std::array all = {
      std::pair{AlertFormat::json, std::string_view("json")},
      std::pair{AlertFormat::slack, std::string_view("slack")},
      std::pair{AlertFormat::teams, std::string_view("teams")},
      std::pair{AlertFormat::discord, std::string_view("discord")},
  };
};

}  // namespace understudy
