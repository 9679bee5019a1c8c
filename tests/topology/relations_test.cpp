// Settings that are well by themselves and refused together, each by its name, with its numbers.
#include <gmock/gmock.h>

#include <functional>

#include "minimal.h"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

std::string broken_in(const Topology& topology) {
  std::string lines;
  for (const auto& mistake : check_relations(topology)) {
    lines += (lines.empty() ? "" : "\n") + mistake.text();
  }
  return lines;
}

std::string broken_by(const std::function<void(Topology&)>& change) {
  auto topology = minimal_topology();
  change(topology);
  return broken_in(topology);
}

TEST(Relations, hold_in_the_defaults) { EXPECT_EQ(broken_in(minimal_topology()), ""); }

TEST(LeaseRenewal, needs_a_third_of_the_ttl) {
  EXPECT_EQ(broken_by([](auto& t) { t.lease.renew_interval = 667ms; }),
            "lease.renew_interval: relation lease-renewal: 667ms is more than a third of lease.ttl "
            "(2s / 3 = 666.667ms); one lost answer must not cost the lease");
  EXPECT_EQ(broken_by([](auto& t) {
              t.lease.ttl = 1800ms;
              t.lease.renew_interval = 600ms;
            }),
            "");
}

TEST(LeaseMargin, covers_drift_and_the_longest_answer) {
  EXPECT_EQ(broken_by([](auto& t) { t.lease.margin = 54ms; }),
            "lease.margin: relation lease-margin: 54ms is less than 54.005ms (lease.ttl 2s * "
            "2r/(1-r) with r = lease.clock_drift_ppm_max 1000 ppm, and lease.answer_max 50ms); the "
            "standby could be promoted while the old region still acknowledges writes");
  EXPECT_EQ(broken_by([](auto& t) { t.lease.margin = 55ms; }), "");
  EXPECT_THAT(broken_by([](auto& t) { t.lease.clock_drift_ppm_max = 20'000; }),
              HasSubstr("lease.margin: relation lease-margin: 100ms is less than 131.633ms"));
}

TEST(LagBudget, is_no_less_than_the_lease_that_a_dead_region_leaves) {
  EXPECT_EQ(broken_by([](auto& t) { t.policy.lag_budget = 2099ms; }),
            "policy.lag_budget: relation lag-budget: 2099ms is less than lease.ttl + lease.margin "
            "(2s + 100ms = 2100ms) with asynchronous replication; lag is counted to the end of the "
            "old lease, so every failover from a dead region would be over budget");
  EXPECT_EQ(broken_by([](auto& t) { t.policy.lag_budget = 2100ms; }), "");
}

TEST(LagBudget, that_is_guaranteed_leaves_room_for_a_lease_that_nobody_watches) {
  const auto guarded = [](Duration budget) {
    return broken_by([budget](auto& t) {
      t.policy.rpo = RpoPolicy::budget_first;
      t.policy.lag_budget = budget;
    });
  };
  EXPECT_EQ(guarded(2699ms),
            "policy.lag_budget: relation rpo-budget: 2699ms is less than lease.ttl + lease.margin "
            "+ 600ms (2s + 100ms + 600ms = 2700ms) with policy.rpo budget-first; a region whose "
            "agent is frozen goes on to the end of its lease with nobody to hold its commits");
  EXPECT_EQ(guarded(2700ms), "");
}

TEST(RpoObjective, is_no_less_than_what_may_be_lost_without_asking) {
  EXPECT_EQ(broken_by([](auto& t) { t.objectives.rpo = 2999ms; }),
            "objectives.rpo: relation rpo-objective: 2999ms is less than policy.lag_budget (3s) "
            "with asynchronous replication; a failover may lose up to the budget without asking");
}

TEST(SynchronousReplication, loses_nothing_and_needs_no_budget) {
  EXPECT_EQ(broken_by([](auto& t) {
              t.database.replication = Replication::synchronous;
              t.policy.lag_budget = 0s;
              t.objectives.rpo = 0s;
            }),
            "");
}

TEST(ProbePatience, outlasts_detection) {
  EXPECT_EQ(broken_by([](auto& t) { t.probe.patience = 1100ms; }),
            "probe.patience: relation probe-patience: 1100ms is not more than probe.failures * "
            "probe.interval + probe.timeout (3 * 200ms + 500ms = 1100ms); what recovers in place "
            "would be left before a vantage could see it recover");
  EXPECT_EQ(broken_by([](auto& t) { t.probe.patience = 1101ms; }), "");
}

TEST(RtoObjective, leaves_time_to_detect_and_to_wait_for_the_lease) {
  EXPECT_EQ(broken_by([](auto& t) { t.objectives.rto = 1099ms; }),
            "objectives.rto: relation rto-objective: 1099ms is less than probe.failures * "
            "probe.interval + probe.timeout (3 * 200ms + 500ms = 1100ms); a failover begins no "
            "earlier");
  EXPECT_EQ(broken_by([](auto& t) { t.objectives.rto = 2099ms; }),
            "objectives.rto: relation rto-objective: 2099ms is less than lease.ttl + lease.margin "
            "(2s + 100ms = 2100ms); the lease of a dead region is waited for");
  EXPECT_EQ(broken_by([](auto& t) { t.objectives.rto = 2100ms; }), "");
}

TEST(RtoFullObjective, comes_after_the_first_order) {
  EXPECT_EQ(broken_by([](auto& t) { t.objectives.rto_full = 3199ms; }),
            "objectives.rto_full: relation rto-full-objective: 3199ms is less than objectives.rto "
            "(3200ms); full service cannot come before the first order");
}

TEST(PostureInstances, of_a_singleton_are_one_and_none) {
  EXPECT_EQ(broken_by([](auto& t) {
              t.services[0].posture = Posture::active_only;
              t.services[0].instances_active = 2;
              t.services[0].instances_standby = 1;
            }),
            "services.web.instances_active: relation posture-instances: an active-only service has "
            "exactly 1 in the active region, found 2\n"
            "services.web.instances_standby: relation posture-instances: active-only means 0 in "
            "the standby region, found 1; use warm or minimal to run some there");
}

TEST(PostureInstances, of_what_a_failover_starts_are_none_in_the_standby) {
  for (const auto posture : {Posture::scaled_on_failover, Posture::edge_cached}) {
    EXPECT_THAT(broken_by([&](auto& t) { t.services[0].posture = posture; }),
                HasSubstr(std::string(to_string(posture)) + " means 0 in the standby region"));
  }
}

TEST(PostureInstances, of_what_runs_in_both_are_some_and_no_more_than_in_the_active_region) {
  EXPECT_EQ(broken_by([](auto& t) { t.services[0].instances_standby = 0; }),
            "services.web.instances_standby: relation posture-instances: warm means 1 to 1 "
            "(instances_active) in the standby region, found 0");
  EXPECT_EQ(broken_by([](auto& t) {
              t.services[0].posture = Posture::minimal;
              t.services[0].instances_active = 2;
              t.services[0].instances_standby = 3;
            }),
            "services.web.instances_standby: relation posture-instances: minimal means 1 to 2 "
            "(instances_active) in the standby region, found 3");
}

TEST(IngressListens, of_every_service_that_requests_reach) {
  for (const auto ingress : {IngressKind::accelerator, IngressKind::cdn, IngressKind::internal}) {
    EXPECT_EQ(broken_by([&](auto& t) { t.services[0].ingress = ingress; }),
              "services.web.ingress: relation ingress-listens: ingress " +
                  std::string(to_string(ingress)) +
                  " needs listens: on; requests reach only a service that serves HTTP on $PORT");
  }
}

/// The minimal topology with three services that listen, the first at the accelerator.
std::string broken_by_services(const std::function<void(std::vector<Service>&)>& change) {
  return broken_by([&](Topology& t) {
    t.services[0].listens = true;
    t.services.resize(3, t.services[0]);
    t.services[1].name = "links";
    t.services[2].name = "push-mail";
    t.services[0].ingress = IngressKind::accelerator;
    change(t.services);
  });
}

TEST(AcceleratorPaths, give_every_request_to_one_service) {
  EXPECT_EQ(broken_by_services([](auto& services) {
              services[1].ingress = services[2].ingress = IngressKind::accelerator;
              services[1].path = "/s/";
              services[2].path = "/s/mail/";
            }),
            "");
  EXPECT_EQ(
      broken_by_services([](auto& services) { services[1].ingress = IngressKind::accelerator; }),
      "services.links.path: relation accelerator-paths: web and links both take what no path "
      "names; give one of them a path such as /links/");
  EXPECT_EQ(broken_by_services([](auto& services) {
              services[1].ingress = services[2].ingress = IngressKind::accelerator;
              services[1].path = services[2].path = "/s/";
            }),
            "services.push-mail.path: relation accelerator-paths: /s/ is links's already");
}

TEST(AcceleratorPaths, are_the_accelerator_s_alone) {
  EXPECT_EQ(broken_by_services([](auto& services) {
              services[1].ingress = IngressKind::cdn;
              services[1].path = "/s/";
            }),
            "services.links.path: relation accelerator-paths: path is for ingress accelerator, "
            "found cdn");
}

TEST(APath, is_of_whole_segments_and_means_nothing_to_a_server_s_configuration) {
  for (const std::string path :
       {"/", "s/", "/s", "//", "/s//", "/a b/", "/a\"/", "/{x}/", "/$x/"}) {
    EXPECT_THAT(broken_by([&](auto& t) {
                  t.services[0].listens = true;
                  t.services[0].ingress = IngressKind::accelerator;
                  t.services[0].path = path;
                }),
                HasSubstr("services.web.path: expected a path of whole segments such as /s/"))
        << path;
  }
}

TEST(AnInternalService, is_told_of_by_a_variable_that_nobody_else_sets) {
  EXPECT_EQ(broken_by_services([](auto& services) {
              services[2].ingress = IngressKind::internal;
              services[1].environment["PUSH_MAIL_URL"] = "http://elsewhere";
            }),
            "services.links.environment.PUSH_MAIL_URL: PUSH_MAIL_URL is set by Understudy, to "
            "where the internal service push-mail is");
  EXPECT_EQ(broken_by_services([](auto& services) {
              services[2].ingress = IngressKind::internal;
              services[2].name = "database";
            }),
            "services.database: an internal service cannot be called database: DATABASE_URL tells "
            "services of something else");
}

TEST(ATopologyBuiltByHand, is_held_to_what_a_file_is) {
  EXPECT_EQ(broken_by([](auto& t) { t.regions[1].name = "north"; }),
            "regions.north: stands twice; names are unique");
  EXPECT_EQ(broken_by([](auto& t) { t.services.push_back(t.services[0]); }),
            "services.web: stands twice; names are unique");
  EXPECT_EQ(broken_by([](auto& t) { t.lease.ttl = Duration::max(); }),
            "lease.ttl: expected a length from 500ms to 1min, found 9223372036854.775ms");
  EXPECT_EQ(broken_by([](auto& t) { t.lease.margin = -1s; }),
            "lease.margin: expected a length from 1ms to 1min, found -1s");
  EXPECT_THAT(check_relations(Topology{}), testing::Not(IsEmpty()));
}

TEST(ARelationInAFile, is_told_with_the_line_of_the_setting_or_of_its_group) {
  EXPECT_THAT(mistakes_with("lease:\n  ttl: 1s\n  renew_interval: 400ms\n"),
              HasSubstr("u.yaml:11: lease.renew_interval: relation lease-renewal: 400ms"));
  EXPECT_THAT(mistakes_with("lease:\n  ttl: 1s\n"),
              HasSubstr("u.yaml:9: lease.renew_interval: relation lease-renewal: 600ms"));
}

TEST(ARelation, is_not_judged_by_a_setting_that_could_not_be_read) {
  EXPECT_EQ(mistakes_with("lease: { ttl: soon, renew_interval: 20s }\n"),
            "u.yaml:9: lease.ttl: expected a length such as 2s or 600ms, found \"soon\"");
}

}  // namespace
}  // namespace understudy
