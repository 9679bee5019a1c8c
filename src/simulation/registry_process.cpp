#include "simulation/registry_process.h"

#include <algorithm>

#include "recovery/record_changes.h"

namespace understudy::simulation {

RegistryProcess::RegistryProcess(Stage& stage, Machine& machine, Record first)
    : stage_(stage), process_(machine, "registry"), record_(std::move(first)) {
  process_.on_death = [this] { waiting_.clear(); };
}

void RegistryProcess::restart() {
  if (process_.alive() || !process_.machine().on() || lost_) return;
  stage_.chronicle.reached(Mark::registry_restarted);
  process_.start();
}

void RegistryProcess::lose() {
  process_.kill();
  lost_ = true;
}

void RegistryProcess::begin_anew(const Record& record) {
  stage_.observers.record_recovered(record_, record);
  record_ = record;
  lost_ = false;
  restart();
}

Replaced RegistryProcess::replace(const Record& next) {
  if (next.version == record_.version && next.nonce == record_.nonce) {
    stage_.chronicle.reached(Mark::request_repeated);
    return record_;
  }
  const bool blind = !stage_.guards.has(Guard::compare_and_swap);
  if (next.version != record_.version + 1 && !blind) return Conflict{record_};
  Record wanted = next;
  if (blind) wanted.version = record_.version + 1;
  if (stage_.guards.has(Guard::rules_of_the_record)) {
    if (const auto why = broken_rule(record_, wanted)) {
      stage_.chronicle.tell("registry: refused: {}", *why);
      return Error{After::unchanged_final, *why};
    }
  }
  stage_.observers.record_changed(record_, wanted);
  record_ = wanted;
  for (const Waiting& one : std::exchange(waiting_, {})) one.reply(record_);
  return record_;
}

void RegistryProcess::await_change(std::uint64_t version, Duration longest,
                                   const Network::Reply<Result<Record>>& reply) {
  if (record_.version > version) return reply(record_);
  waiting_.push_back({++number_, version, reply});
  stage_.scheduler.after(longest, [this, number = number_] {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const Waiting& one) { return one.number == number; });
    if (found == waiting_.end()) return;
    auto late = std::move(found->reply);
    waiting_.erase(found);
    process_.deliver([this, late = std::move(late)] { late(record_); });
  });
}

Result<Record> RegistryClient::read(BootTime deadline) {
  return stage_.network.call<Result<Record>>(caller_, registry_.process_, deadline,
                                             [&registry = registry_](const auto& reply) {
                                               if (!registry.mute_) reply(registry.record_);
                                             });
}

Replaced RegistryClient::replace(const Record& next, BootTime deadline) {
  return stage_.network.call<Replaced>(
      caller_, registry_.process_, deadline,
      [&stage = stage_, &registry = registry_, next = next](const auto& reply) {
        Replaced answer = registry.replace(next);
        if (registry.mute_) return stage.chronicle.reached(Mark::registry_answer_lost);
        // Durable before the answer.
        stage.scheduler.after(
            stage.dice.between(Duration(1), stage.plan.fsync_most),
            [reply = reply, answer = std::move(answer)]() mutable { reply(std::move(answer)); });
      });
}

Result<Record> RegistryClient::await_change(std::uint64_t version, BootTime deadline) {
  // The far side is told how long it may wait; its answer needs time for the way back.
  const Duration longest = deadline - caller_.machine().boot();
  if (longest <= Duration::zero()) return read(deadline + milliseconds(100));
  return stage_.network.call<Result<Record>>(
      caller_, registry_.process_, deadline + milliseconds(100),
      [&registry = registry_, version, longest](const auto& reply) {
        if (!registry.mute_) registry.await_change(version, longest, reply);
      });
}

}  // namespace understudy::simulation
