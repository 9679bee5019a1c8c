#include "recovery/registry_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "recovery/record_changes.h"

namespace understudy {

namespace {

/// Further than a registry moves on between two times that an agent stores what it saw.
constexpr std::uint64_t kLeap = 1'000'000;

bool stands_by(const AgentStatus& agent) {
  return agent.database && agent.database->role == DatabaseRole::standby;
}

struct Choice {
  std::string active;
  std::string because;
  std::optional<std::string> promoting{};  ///< whose promotion for it was ordered, and is not done
};

std::uint64_t epoch_of(const RecoveryEvidence& evidence, const AgentStatus& agent) {
  const std::uint64_t row = agent.database ? agent.database->epoch : 0;
  const bool orders_count = evidence.guards.has(Guard::recovery_counts_orders);
  return std::max({row, agent.epoch, orders_count ? agent.ordered_epoch : 0});
}

/// An agent with a new disk knows nothing; then its database must tell.
bool knows(const std::optional<AgentStatus>& agent) {
  return agent && (agent->version > 0 || agent->database);
}

bool is_primary(const AgentStatus& agent) {
  return agent.database && agent.database->role == DatabaseRole::primary;
}

/// By the lease alone: whoever may write now.
Result<std::optional<Choice>> holder(const RecoveryEvidence& evidence) {
  std::optional<Choice> found;
  for (const auto& [region, agent] : evidence.agents) {
    if (!knows(agent) || !agent->writable) continue;
    if (found)
      return Error{After::unchanged_final,
                   fmt::format("{} and {} both hold a lease: this must not be; stop one of them",
                               found->active, region)};
    found = Choice{region, "its page is open: it holds the lease"};
  }
  if (!found) return found;
  for (const auto& [region, agent] : evidence.agents) {
    if (knows(agent) && region != found->active &&
        epoch_of(evidence, *agent) > epoch_of(evidence, *evidence.agents.at(found->active)))
      return Error{After::unchanged_final,
                   fmt::format("{} holds the lease, and {} was promoted after it: this must not be",
                               found->active, region)};
  }
  return found;
}

std::string other_than(const RecoveryEvidence& evidence, const std::string& region) {
  for (const auto& [name, agent] : evidence.agents) {
    if (name != region) return name;
  }
  return {};
}

/// Then `region` was the primary, even if its database does not answer.
bool other_stands_by(const RecoveryEvidence& evidence, const std::string& region) {
  const std::string other = other_than(evidence, region);
  const auto& agent = evidence.agents.at(other);
  return evidence.gone != other && knows(agent) && stands_by(*agent);
}

/// Nobody may write, and no page is endless: by who was promoted last. A gone region may be that,
/// when the one that is left only stands by.
Result<Choice> promoted_last(const RecoveryEvidence& evidence) {
  const AgentStatus* last = nullptr;
  std::string active;
  for (const auto& [region, agent] : evidence.agents) {
    if (evidence.gone == region) continue;
    if (!knows(agent) && !evidence.guards.has(Guard::recovery_asks_both)) continue;
    if (!knows(agent))
      return Error{After::unchanged_retry,
                   fmt::format("{} does not answer, nor does its database, and nobody holds the "
                               "lease: it may have been promoted last. Bring it back, or "
                               "power it off for good and say so (--gone {})",
                               region, region)};
    if (agent->version == 0 && !is_primary(*agent) && evidence.settled != region)
      return Error{After::unchanged_retry,
                   fmt::format("the agent of {} has lost its state: its database may be under "
                               "promotion. Restart that database, and say so (--settled {})",
                               region, region)};
    const auto rank = [&](const AgentStatus& one) {
      return std::tuple(epoch_of(evidence, one), is_primary(one) ? one.database->timeline : 0,
                        !stands_by(one));
    };
    if (last != nullptr && rank(*agent) <= rank(*last)) continue;
    last = &*agent;
    active = region;
  }
  if (last == nullptr) return Error{After::unchanged_final, "no region is left"};
  const bool orders_count = evidence.guards.has(Guard::recovery_counts_orders);
  if (orders_count && last->ordered_epoch > last->epoch && !is_primary(*last))
    return Choice{other_than(evidence, active),
                  "the promotion of " + active + " was ordered: past the point of no return",
                  active};
  if (!last->database && !other_stands_by(evidence, active))
    return Error{After::unchanged_retry,
                 fmt::format("the database of {} does not answer: whether it was the primary or "
                             "stood by, nobody can tell. Bring it back",
                             active)};
  if (!stands_by(*last)) return Choice{active, "nobody holds the lease or was promoted after it"};
  if (!evidence.gone)
    return Error{After::unchanged_retry,
                 "both databases stand by: find out which one was the primary, and promote it"};
  return Choice{*evidence.gone, active + " only stands by, and may now be promoted for it"};
}

/// Who stands by, and may be attached at once, since no page is endless.
std::optional<std::string> standby_of(const RecoveryEvidence& evidence, const Choice& choice) {
  for (const auto& [region, agent] : evidence.agents) {
    if (knows(agent) && (agent->writable || (region != choice.active && !stands_by(*agent))))
      return std::nullopt;
  }
  for (const auto& [region, agent] : evidence.agents) {
    if (knows(agent) && region != choice.active) return region;
  }
  return std::nullopt;
}

/// One count for all: above all that anybody saw, and another one than that of an earlier recovery
/// that nobody saw.
std::uint64_t count_on(const RecoveryEvidence& evidence) {
  std::uint64_t seen = evidence.earlier;
  for (const auto& [region, agent] : evidence.agents) {
    if (!knows(agent)) continue;
    seen = std::max({seen, agent->version, agent->term, agent->fenced_term, agent->revoked_term});
  }
  const auto now = to_ms(evidence.now.time_since_epoch());
  return std::max(seen + kLeap, static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0)));
}

/// The epoch of the chosen region. One that only a database tells of, and one past a region that is
/// gone, may have been another's: further on by more than anybody can have missed, since two
/// changes in a row lead over both regions.
std::uint64_t epoch_for(const RecoveryEvidence& evidence, const Choice& choice) {
  std::uint64_t epoch = 0;
  for (const auto& [region, agent] : evidence.agents) {
    if (knows(agent)) epoch = std::max(epoch, epoch_of(evidence, *agent));
  }
  if (choice.promoting) return epoch - 1;  // it was ordered for the next one
  const auto& active = evidence.agents.at(choice.active);
  const auto& other = evidence.agents.at(other_than(evidence, choice.active));
  const bool by_database_alone =
      active && (active->version == 0 || (active->database && other && other->database &&
                                          other->database->timeline < active->database->timeline));
  const bool past_the_gone = evidence.gone && choice.active != *evidence.gone;
  return by_database_alone || past_the_gone ? epoch + 2 : epoch;
}

Record counting_on(const RecoveryEvidence& evidence, const Choice& choice,
                   const std::string& nonce) {
  const std::uint64_t count = count_on(evidence);
  Record record{.version = count,
                .nonce = nonce,
                .epoch = epoch_for(evidence, choice),
                .active = choice.active,
                .term = count,
                .lease = {.serial = count},
                .standby = choice.promoting ? choice.promoting : standby_of(evidence, choice),
                .grantors = {std::string(kRegistryGrantor)},
                .transition = {.number = count}};
  record.lease.endless = !record.standby;
  if (record.standby) record.grantors.push_back(*record.standby);
  if (!choice.promoting) return record;
  record.lease.revoked = true;
  record.transition = {
      .number = count,
      .execution = execution_name(TransitionKind::failover, evidence.platform, count),
      .kind = TransitionKind::failover,
      .target = *choice.promoting,
      .phase = Phase::promoting};
  return record;
}

}  // namespace

Result<Recovery> recover_record(const RecoveryEvidence& evidence, const std::string& nonce) {
  if (evidence.gone && evidence.agents.contains(*evidence.gone) &&
      evidence.agents.at(*evidence.gone))
    return Error{After::unchanged_final,
                 *evidence.gone + " is said to be powered off, and its agent answers"};
  auto held = holder(evidence);
  if (!held) return held.error();
  Choice choice;
  if (*held) {
    choice = **held;
  } else {
    auto last = promoted_last(evidence);
    if (!last) return last.error();
    choice = *last;
  }
  return Recovery{counting_on(evidence, choice, nonce), choice.because};
}

}  // namespace understudy
