#include "local/stack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <csignal>

#include "local/create.h"
#include "local/deploy.h"
#include "local/interlock.h"
#include "local/preflight.h"
#include "local/public_ingress.h"
#include "local/units.h"
#include "ports/wire.h"
#include "system/file.h"
#include "system/kernel.h"
#include "system/process_tree.h"

namespace understudy {

namespace {

constexpr auto kSupervisorEnd = std::chrono::seconds(60);
constexpr auto kToolsEnd = std::chrono::seconds(3);
constexpr auto kServing = std::chrono::seconds(60);

Error failed(const std::string& what, const std::error_code& code) {
  return {After::unchanged_retry, what + ": " + code.message()};
}

}  // namespace

Result<Done> start_domain(const Layout& layout, const std::string& domain) {
  const DomainPlace place = layout.domain(domain);
  if (supervisor_of(place.folder) != 0) return Done{};
  struct stat owner {};
  if (stat(layout.data().c_str(), &owner) != 0) {
    return failed(layout.data(), {errno, std::generic_category()});
  }
  std::optional<process::Credentials> credentials;
  if (geteuid() == 0) credentials = {owner.st_uid, owner.st_gid};
  auto pid = process::spawn(
      {.arguments = {layout.file("bin/understudy"), "supervise", "--data", layout.data(),
                     "--domain", domain},
       .environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
       .directory = place.folder,
       .log_file = place.file("log/supervisor.log"),
       .credentials = credentials,
       .new_session = true});
  if (!pid) return within("starting " + domain, pid.error());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (supervisor_of(place.folder) != *pid) {
    if (std::chrono::steady_clock::now() >= give_up) {
      return Error{After::unknown, fmt::format("the supervisor of {} did not start: see {}", domain,
                                               place.file("log/supervisor.log"))};
    }
    usleep(5000);
  }
  return Done{};
}

Result<std::string> wait_serving(const Layout& layout, milliseconds timeout) {
  const auto clock = make_kernel_clock();
  PublicIngress ingress(layout, "", *clock);
  const BootTime give_up = clock->boot() + timeout;
  while (true) {
    auto serving = ingress.serving_region(clock->boot() + milliseconds(500));
    if (serving) return serving;
    if (clock->boot() >= give_up) {
      return Error{
          After::unknown,
          fmt::format("no region serves the public ingress {} after {} s ({}); understudy "
                      "status and logs say why",
                      layout.edge_http().text(), timeout.count() / 1000, serving.error().what)};
    }
    clock->sleep_until(clock->boot() + milliseconds(20));
  }
}

namespace {

/// No room or a tool that failed: repeating is safe, and pointless until a person has mended it.
Error lacking(const Result<Done>& failed) { return {After::unchanged_final, failed.error().what}; }

constexpr const char* kUpLock = "up.lock";

/// Ends whoever works below the data folder without a supervisor; who that was. initdb's servers
/// end by themselves once it is gone, and only they take their shared memory along.
Result<std::vector<process::Identity>> sweep(const Layout& layout) {
  const process::Domain whole{.supervisor = 0, .directory = layout.data()};
  if (!created(layout)) {
    const auto give_up = std::chrono::steady_clock::now() + kToolsEnd;
    while (!process::members(whole).empty() && std::chrono::steady_clock::now() < give_up)
      usleep(10'000);
  }
  return process::kill_all(whole, std::chrono::seconds(10));
}

Error at_work(const Error& no_lock) {
  const bool held = no_lock.after == After::unchanged_retry;
  return held ? within("another up or down is at work", no_lock) : no_lock;
}

/// Whether every supervisor of the stack runs.
bool all_run(const Layout& layout) {
  const auto domains = layout.domains();
  return std::all_of(domains.begin(), domains.end(),
                     [](const DomainPlace& place) { return supervisor_of(place.folder) != 0; });
}

/// Everything but the processes. Requires: the lock of `up`.
Result<Done> make(const Layout& layout, const Programs& programs, const Progress& progress) {
  ensure(geteuid() != 0, "the stack does not run as root");
  if (auto free = check_ports(layout); !free) return free;
  if (!created(layout)) {
    if (auto swept = sweep(layout); !swept) return swept.error();
    if (auto made = create(layout, programs, progress); !made)
      return within("creating the stack in " + layout.data(), lacking(made));
  }
  if (all_run(layout)) return Done{};
  if (auto wrote = write_configuration(layout, programs); !wrote) return lacking(wrote);
  return Done{};
}

Result<Done> start(const Layout& layout, const Progress& progress) {
  if (!all_run(layout)) {
    progress("starting the witness, the regions and the edge");
    for (const DomainPlace& place : layout.domains()) {
      if (auto started = start_domain(layout, place.name); !started) return lacking(started);
    }
  }
  auto serving = wait_serving(layout, kServing);
  if (!serving) return serving.error();
  progress(fmt::format("{} is active; http://{}", *serving, layout.edge_http().text()));
  std::string pages;
  for (const Service* service : layout.topology().reached_by(IngressKind::cdn))
    pages += fmt::format(" http://{}.localhost:{}", service->name, layout.edge_cdn().port);
  if (!pages.empty())
    progress(fmt::format("pages at http://{}:{}", layout.edge_cdn().text(), pages));
  return Done{};
}

/// Runs `work` in a child that has become `user` for good; its error comes back as JSON over a
/// pipe.
Result<Done> as_user(const User& user, const std::function<Result<Done>()>& work) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return failed("pipe", {errno, std::generic_category()});
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return failed("fork", {errno, std::generic_category()});
  if (pid == 0) {
    auto done = become(user);
    // Whoever ends `up` ends this, and all that it started but the supervisors.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    if (done) done = work();
    const std::string text = done ? "" : boost::json::serialize(wire::to_json(done.error()));
    [[maybe_unused]] const auto written = write(report[1], text.data(), text.size());
    std::fflush(nullptr);
    _exit(done ? 0 : 1);
  }
  close(report[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(report[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  close(report[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Done{};
  const auto error = wire::parse_object(text);
  return error ? wire::error_from(*error)
               : Error{After::unknown, "bringing the stack up was interrupted"};
}

}  // namespace

namespace {

/// Checks, and has the stack deployed and made by its user, who then does `after`; all of it under
/// one lock.
Result<Done> make_and(const Layout& layout, const std::string& own_program,
                      const Progress& progress, const std::function<Result<Done>()>& after) {
  const auto programs = find_programs(layout.topology());
  if (!programs) return programs.error();
  const auto user = user_to_run_as(layout.topology().local.run_as);
  if (!user) return user.error();
  // Looked at before anything is written, so that a refusal leaves nothing behind.
  for (const auto check : {check_sources, check_ours, check_same_stack, check_ports}) {
    if (auto well = check(layout); !well) return well;
  }
  auto deployment = Deployment::open(layout, own_program);
  if (!deployment) return deployment.error();
  if (auto owned =
          *user ? give_folder(layout.data(), **user) : file::make_folder(layout.data(), 0711);
      !owned)
    return owned;
  const auto work = [&]() -> Result<Done> {
    auto lock = file::Lock::take(layout.file(kUpLock));
    if (!lock) return at_work(lock.error());
    if (auto marked = mark_ours(layout); !marked) return lacking(marked);
    if (auto written = deployment->write(); !written) return lacking(written);
    if (auto made = make(layout, *programs, progress); !made) return made;
    return after();
  };
  return *user ? as_user(**user, work) : work();
}

}  // namespace

Result<Done> up(const Layout& layout, const std::string& own_program, const Progress& progress) {
  return make_and(layout, own_program, progress, [&] { return start(layout, progress); });
}

Result<Done> prepare(const Layout& layout, const std::string& own_program,
                     const Progress& progress) {
  return make_and(layout, own_program, progress, [] { return Result<Done>(Done{}); });
}

namespace {

/// Keeps an `up` out. One that was just killed may still hold the lock for a moment.
Result<std::optional<file::Lock>> keep_up_out(const Layout& layout) {
  const std::string path = layout.file(kUpLock);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (file::exists(path)) {  // made by up, and its user's
    auto lock = file::Lock::take(path);
    if (lock) return std::optional(std::move(*lock));
    const bool held = lock.error().after == After::unchanged_retry;
    if (!held || std::chrono::steady_clock::now() >= give_up) return at_work(lock.error());
    usleep(20'000);
  }
  return std::optional<file::Lock>();
}

}  // namespace

Result<Done> down(const Layout& layout, bool remove_data, const Progress& progress) {
  if (auto ours = check_ours(layout); !ours) return ours;
  auto lock = keep_up_out(layout);
  if (!lock) return lock.error();
  auto domains = layout.domains();
  std::reverse(domains.begin(), domains.end());
  std::vector<process::Identity> supervisors;
  for (const DomainPlace& place : domains) {
    const auto who = process::identify(supervisor_of(place.folder));
    if (!who || who->pid <= 0) continue;
    progress("stopping " + place.name);
    process::thaw(process::members(
        {.supervisor = who->pid, .directory = place.folder}));  // a drill may have frozen it
    kill(who->pid, SIGTERM);
    supervisors.push_back(*who);
  }
  for (const auto& who : supervisors) (void)process::wait_gone(who, kSupervisorEnd);
  // Whatever lost its supervisor still works below the data folder.
  auto swept = sweep(layout);
  if (!swept) return swept.error();
  if (!swept->empty())
    progress(fmt::format("ended {} processes that had lost their supervisor", swept->size()));
  for (const Region& region : layout.topology().regions)
    remove_interlock(layout.domain(region.name));
  if (auto removed = file::remove_tree(layout.memory()); !removed) return removed;
  return remove_data ? file::remove_tree(layout.data()) : Result<Done>(Done{});
}

}  // namespace understudy
