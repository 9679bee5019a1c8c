#include "controller/controller.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <iterator>
#include <map>
#include <memory>

#include "alerting/dispatcher.h"
#include "controller/capacity_watch.h"
#include "controller/execution_runner.h"
#include "controller/execution_views.h"
#include "controller/operator_controls.h"
#include "controller/operator_routes.h"
#include "controller/readiness_view.h"
#include "controller/readiness_watch.h"
#include "controller/record_keeper.h"
#include "controller/rejoin_watch.h"
#include "controller/sentry.h"
#include "controller/sqlite_journal.h"
#include "controller/standby_watch.h"
#include "controller/transition_desk.h"
#include "controller/workflows.h"
#include "controller/writer_watch.h"
#include "local/authority.h"
#include "local/control_server.h"
#include "local/drill_log.h"
#include "local/local_vantage.h"
#include "local/other_region.h"
#include "local/public_ingress.h"
#include "local/region_inspector.h"
#include "local/remote_agent.h"
#include "local/remote_inspector.h"
#include "local/remote_registry.h"
#include "local/site.h"
#include "ports/wire.h"
#include "record/canonical.h"
#include "system/file.h"
#include "system/kernel.h"
#include "telemetry/json_events.h"
#include "topology/json.h"

namespace understudy {

namespace json = boost::json;

namespace {

json::object to_json(const Facts& facts) {
  return {{"quorum", facts.quorum},
          {"path", facts.path},
          {"ready", facts.ready},
          {"services", facts.services},
          {"database", facts.database},
          {"lease", facts.lease},
          {"patience_over", facts.patience_over}};
}

json::object status(Orchestration& world, const Sentry& sentry, const ExecutionRunner& runner,
                    const OperatorControls& controls, const alerting::Dispatcher& alerts,
                    const ReadinessWatch& readiness) {
  const Sentry::View view = sentry.view();
  json::object body{{"platform", world.topology.platform},
                    {"registry_problem", view.registry_problem}};
  body["record"] = view.record ? json::value(wire::to_json(*view.record)) : json::value(nullptr);
  if (view.row != 0) {
    const Row& row = row_of(view.row);
    body["decision"] = json::object{{"row", row.id},
                                    {"decision", to_string(row.decision)},
                                    {"because", row.because},
                                    {"facts", to_json(view.facts)}};
  }
  body["vantages"] = json::array(view.vantages.begin(), view.vantages.end());
  json::object regions;
  for (const auto& [region, agent] : world.agents) {
    auto said = agent->status(world.clock.boot() + milliseconds(300));
    regions[region] = said ? json::value(wire::to_json(*said))
                           : json::value(json::object{{"problem", said.error().what}});
  }
  body["regions"] = std::move(regions);
  json::array questions;
  for (const auto& question : runner.questions()) {
    questions.push_back(json::object{{"execution", question.execution}, {"state", question.state}});
  }
  body["questions"] = std::move(questions);
  json::array running;
  for (const auto& each : runner.running_now()) {
    running.push_back(json::object{{"execution", each.name},
                                   {"state", each.state},
                                   {"paused", each.paused},
                                   {"cancelled", each.cancelled},
                                   {"ungraceful", each.ungraceful}});
  }
  body["running"] = std::move(running);
  body["automation"] = controls.view(view.record ? view.record->epoch : 0);
  body["alerts"] = alerts.view();
  if (const auto last = readiness.last())
    body["readiness"] = readiness_summary(*last, world.clock.wall());
  return body;
}

/// Why alerts may reach nobody; "".
std::string problem_of(const json::array& targets) {
  if (targets.empty()) return "understudy.yaml names no target of alerts";
  std::string problem;
  for (const auto& each : targets) {
    const json::object& target = each.as_object();
    if (const auto& why = target.at("problem").as_string(); !why.empty())
      problem += (problem.empty() ? "" : "; ") + std::string(target.at("name").as_string()) + ": " +
                 std::string(why);
  }
  return problem;
}

/// `tls`: the folder with the certificates of the controller and of the registry beside it.
OwnFacts own_facts(const Topology& topology, const std::string& tls, const Permission& permission,
                   const json::array& targets) {
  OwnFacts own{
      .build = own_build(),
      .deployed = build_beside("understudy"),
      .agent_deployed = build_beside("understudy-agent"),
      .certificates = {},
      .hindrance = permission.verdict == Verdict::go ? "" : std::string(permission.because),
      .alerts_problem = problem_of(targets),
      .platform_digest = platform_digest(topology)};
  for (const char* owner : {"controller", "registry"}) {
    if (auto end = certificate_end(tls + "/" + owner + ".crt"))
      own.certificates[std::string("the ") + owner] = *end;
  }
  return own;
}

http::Response readiness(ReadinessWatch& watch, const Clock& clock, const ControlCall& call) {
  auto found = watch.last();
  if (!found || !call.request.parameter("fresh").empty()) found = watch.look();
  return control_answer(readiness_view(*found, clock.wall()));
}

/// What a record is made of at this stack, and by whom it is signed.
Result<RecordSources> record_sources(const Site& site, const DomainPlace& place) {
  const http::Tls tls = certificate_files(place.file("tls"), "controller");
  const auto key = file::read(tls.key_file);
  const auto certificates = file::read(tls.certificate_file);
  if (!key) return key.error();
  if (!certificates) return certificates.error();
  auto signer = record::Signer::of(*key, *certificates);
  if (!signer) return within(tls.certificate_file, signer.error());
  const StackSecrets& known = site.secrets();
  std::vector<std::string> secrets = {known.postgres_superuser, known.understudy_role,
                                      known.probe_role,         known.replication_role,
                                      known.application_role,   known.redis};
  for (const auto& [variable, secret] : known.of_services) secrets.push_back(secret);
  return RecordSources{.folder = place.file("records"),
                       .signer = std::move(*signer),
                       .settings = json::parse(to_json(site.topology())),
                       .program = UNDERSTUDY_VERSION,
                       .program_sha256 =
                           [] {
                             const auto program = file::read("/proc/self/exe", 1U << 30U);
                             return program ? record::sha256(*program) : std::string();
                           },
                       .secrets = std::move(secrets),
                       .events = [file = place.file("log/events.jsonl")](
                                     WallTime since) { return read_json_events(file, since); }};
}

}  // namespace

Result<Done> run_controller(const std::string& data) {
  block_stop_signals();
  auto site = Site::open(data);
  if (!site) return site.error();
  const Layout& layout = (*site)->layout();
  const DomainPlace place = layout.domain("witness");
  auto journal = open_sqlite_journal(place.file("controller.db"));
  if (!journal) {
    const bool held = journal.error().after == After::unchanged_retry;
    return within(held ? "another controller runs here" : "the journal", journal.error());
  }

  const auto clock = make_kernel_clock();
  const auto random = make_kernel_random();
  auto events = open_json_events(place.file("log/events.jsonl"), "controller", *clock);
  if (!events) return events.error();
  const auto alert_tasks = make_threads();
  const AlertSettings& alert_settings = (*site)->topology().alerts;
  alerting::Dispatcher alerts((*site)->topology().platform, alert_settings.repeat_interval,
                              alerting::make_targets(alert_settings), **events, *clock,
                              *alert_tasks);
  const auto control = Site::control_http(place.file("tls"), "controller");
  const auto client = [&](const Endpoint& peer) {
    return ControlClient(control, peer.text(), *clock);
  };
  RemoteRegistry registry(client(layout.registry()), *clock);
  PublicIngress ingress(layout, (*site)->secrets().understudy_role, *clock);
  LeaseObserver observer((*site)->topology().lease);

  // Three vantages: here, at the edge, and each region looks at the other.
  LocalVantage witness("witness", place.address, layout, (*site)->secrets().probe_role, *clock);
  RemoteVantage edge("edge", client(layout.edge_vantage()), *clock);
  std::map<std::string, std::unique_ptr<RemoteAgent>> agents;
  std::map<std::string, RegionAgent*> agent_ports;
  std::map<std::string, std::unique_ptr<RemoteInspector>> inspectors;
  std::map<std::string, RegionInspector*> inspector_ports;
  std::map<std::string, std::unique_ptr<Vantage>> beside;
  for (const Region& region : (*site)->topology().regions) {
    agents[region.name] = std::make_unique<RemoteAgent>(client(layout.agent(region.name)), *clock);
    agent_ports[region.name] = agents[region.name].get();
    inspectors[region.name] =
        std::make_unique<RemoteInspector>(client(layout.agent(region.name)), *clock);
    inspector_ports[region.name] = inspectors[region.name].get();
    beside[region.name] =
        std::make_unique<RemoteVantage>(region.name, client(layout.agent(region.name)), *clock);
  }
  OtherRegion other_region((*site)->topology(), beside);

  auto tasks = make_threads();
  Orchestration world{(*site)->topology(),
                      *clock,
                      *random,
                      *tasks,
                      registry,
                      observer,
                      agent_ports,
                      {&witness, &edge, &other_region},
                      ingress,
                      **events,
                      alerts};
  OperatorControls controls(world, **journal);
  if (auto loaded = controls.load(); !loaded) return loaded.error();
  ExecutionRunner runner(world, **journal);
  auto sources = record_sources(**site, place);
  if (!sources) return within("records", sources.error());
  RecordKeeper records(world, **journal, std::move(*sources));
  runner.when_ended([&records] { records.note_ended(); });
  if (auto resumed = runner.resume_all(); !resumed) {
    runner.stop();
    tasks.reset();  // those that were resumed before it
    return within("an execution cannot be resumed", resumed.error());
  }
  records.start();
  Sentry sentry(world, runner, controls, std::string(failover_workflow()));
  sentry.start();
  StandbyWatch standby_watch(world);
  standby_watch.start();
  WriterWatch writer_watch(world);
  writer_watch.start();
  DrillLog drills(drill_log_file(layout.data()));
  const auto own = [&](std::uint64_t epoch) {
    return own_facts((*site)->topology(), place.file("tls"), controls.permission_now(epoch),
                     alerts.view());
  };
  ReadinessWatch readiness_watch(world, {inspector_ports, drills, own});
  readiness_watch.start();
  CapacityWatch capacity_watch(world, inspector_ports);
  capacity_watch.start();
  RejoinWatch rejoin_watch(world, runner, std::string(rejoin_workflow()));
  rejoin_watch.start();
  TransitionDesk desk(world, runner, std::string(failover_workflow()),
                      std::string(switchover_workflow()));
  const auto stop_all = [&] {
    sentry.stop();
    standby_watch.stop();
    writer_watch.stop();
    rejoin_watch.stop();
    readiness_watch.stop();
    capacity_watch.stop();
    runner.stop();
    records.stop();
    tasks.reset();  // joined before what they use goes
  };

  const std::vector<std::string> cli = {"cli"};
  std::vector<ControlRoute> routes = {
      {"GET", "/v1/status", cli,
       [&](const ControlCall&) {
         return control_answer(status(world, sentry, runner, controls, alerts, readiness_watch));
       }},
      {"GET", "/v1/readiness", cli,
       [&](const ControlCall& call) { return readiness(readiness_watch, *clock, call); }},
      {"GET", "/v1/executions", cli,
       [&](const ControlCall&) { return executions_view(**journal); }},
      {"GET", "/v1/history", cli,
       [&](const ControlCall& call) { return history_view(**journal, *clock, call); }},
  };
  std::ranges::move(
      operator_routes({world, runner, sentry, standby_watch, rejoin_watch, desk, controls, alerts}),
      std::back_inserter(routes));
  auto server =
      serve_control(layout.controller(), certificate_files(place.file("tls"), "controller"),
                    std::move(routes), 4);
  if (!server) {
    stop_all();
    return server.error();
  }
  wait_for_stop_signal();
  (*server)->stop(milliseconds(500));
  stop_all();
  return Done{};
}

}  // namespace understudy
