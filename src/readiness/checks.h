#pragma once
// The questions of readiness.h, one function each. Each may rely on what its row of the table needs
// to be known, and on nothing else.

#include "readiness/readiness.h"

namespace understudy::readiness {

/// The facts by the parts that the regions play.
struct View {
  const Topology& topology;
  const ReadinessFacts& facts;
  std::string active;  ///< "" if the record is not known, and so is the next
  std::string target;
  [[nodiscard]] const RegionFacts& of(const std::string& region) const {
    return facts.regions.at(region);
  }
  [[nodiscard]] const RegionFacts& of_active() const { return of(active); }
  [[nodiscard]] const RegionFacts& of_target() const { return of(target); }
};

// Answers. Their advice is the table's, unless they give their own.
[[nodiscard]] Answer ok();
/// As grave as the question.
[[nodiscard]] Answer found(std::string cause, std::string advice = "");
[[nodiscard]] Answer found(Severity severity, std::string cause, std::string advice = "");
[[nodiscard]] Answer not_known(std::string cause);
/// ok if there are none; else all of them, "; " between.
[[nodiscard]] Answer found_all(const std::vector<std::string>& causes);

/// Several findings in one answer: it is as grave as the gravest.
class Findings {
 public:
  void add(Severity severity, std::string cause);
  [[nodiscard]] Answer answer() const;

 private:
  Severity worst_ = Severity::note;
  std::vector<std::string> causes_;
};

using Check = Answer (*)(const View&);

// The record, the lease and the agents.
Answer registry_answers(const View&);
Answer nothing_under_way(const View&);
Answer standby_attached(const View&);
Answer standby_agent(const View&);
Answer active_agent(const View&);
Answer lease_timed(const View&);
Answer lease_held(const View&);
Answer lease_grantors(const View&);

// The databases.
Answer database_stands_by(const View&);
Answer database_streams(const View&);
Answer database_lag(const View&);
Answer database_timeline(const View&);
Answer database_versions(const View&);
Answer database_settings(const View&);
Answer database_extensions(const View&);
Answer database_collation(const View&);
Answer database_fence(const View&);
Answer disk_of_standby(const View&);
Answer disk_room(const View&);
Answer wal_room(const View&);
Answer wal_slot(const View&);

// The services, and the ways to them.
Answer programs_there(const View&);
Answer programs_same(const View&);
Answer secrets_there(const View&);
Answer configuration_localised(const View&);
Answer configuration_same(const View&);
Answer services_have_room(const View&);
Answer services_of_standby(const View&);
Answer singletons_once(const View&);
Answer services_of_active(const View&);
Answer routes_have_targets(const View&);
Answer way_in_answers(const View&);
Answer ingress_leads(const View&);

// The places, and the people.
Answer clocks_agree(const View&);
Answer certificates_last(const View&);
Answer builds_same(const View&);
Answer begins_by_itself(const View&);
Answer alerts_reach(const View&);
Answer drilled(const View&);
Answer drilled_lately(const View&);
Answer fast_enough(const View&);

}  // namespace understudy::readiness
