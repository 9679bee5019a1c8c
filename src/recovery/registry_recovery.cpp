#include "recovery/registry_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

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

/// What an agent has read of epochs tells nothing here: a record's epoch is read by both, whoever
/// is active in it.
bool was_promoted_after(const RecoveryEvidence& evidence, const AgentStatus& agent,
                        const AgentStatus& holds) {
  const std::uint64_t row = agent.database ? agent.database->epoch : 0;
  if (std::max(row, agent.ordered_epoch) > epoch_of(evidence, holds)) return true;
  return is_primary(agent) && is_primary(holds) &&
         agent.database->timeline > holds.database->timeline;
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
  const AgentStatus& holds = *evidence.agents.at(found->active);
  for (const auto& [region, agent] : evidence.agents) {
    if (knows(agent) && region != found->active && was_promoted_after(evidence, *agent, holds))
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

Error silent_database(const std::string& region) {
  return Error{After::unchanged_retry,
               fmt::format("the database of {} does not answer: whether it was the primary or "
                           "stood by, nobody can tell. Bring it back",
                           region)};
}

/// A promotion that was ordered after all that the other knows of, and is not done.
std::optional<Choice> ordered_promotion(const RecoveryEvidence& evidence,
                                        const std::vector<std::string>& left) {
  if (!evidence.guards.has(Guard::recovery_counts_orders)) return std::nullopt;
  for (const std::string& region : left) {
    const AgentStatus& agent = *evidence.agents.at(region);
    if (agent.ordered_epoch <= agent.epoch || is_primary(agent)) continue;
    const auto& other = evidence.agents.at(other_than(evidence, region));
    const auto rank = [&](const AgentStatus& one) {
      return std::pair(epoch_of(evidence, one), is_primary(one));
    };
    if (left.size() == 2 && rank(*other) > rank(agent)) continue;
    return Choice{other_than(evidence, region),
                  "the promotion of " + region + " was ordered: past the point of no return",
                  region};
  }
  return std::nullopt;
}

/// Of two that answer, by their databases: one that stands by was never promoted, and of two
/// primaries the one in the newer timeline was promoted last. Where one is silent, the other must
/// have been ordered to be promoted after it. What agents have read of epochs tells nothing.
Result<std::string> promoted_last_of(const RecoveryEvidence& evidence, const std::string& first,
                                     const std::string& second) {
  const AgentStatus& one = *evidence.agents.at(first);
  const AgentStatus& other = *evidence.agents.at(second);
  if (stands_by(one) && stands_by(other))
    return Error{After::unchanged_retry,
                 "both databases stand by: find out which one was the primary, and promote it"};
  if (stands_by(one)) return second;
  if (stands_by(other)) return first;
  const auto rank = [&](const AgentStatus& agent) {
    return std::pair(agent.database->timeline, epoch_of(evidence, agent));
  };
  if (one.database && other.database) return rank(one) < rank(other) ? second : first;
  if (one.database && one.ordered_epoch > other.ordered_epoch) return first;
  if (other.database && other.ordered_epoch > one.ordered_epoch) return second;
  return silent_database(one.database ? second : first);
}

/// Nobody may write, and no page is endless: by who was promoted last. A gone region may be that,
/// when the one that is left only stands by.
Result<Choice> promoted_last(const RecoveryEvidence& evidence) {
  std::vector<std::string> left;
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
    left.push_back(region);
  }
  if (left.empty()) return Error{After::unchanged_final, "no region is left"};
  if (auto ordered = ordered_promotion(evidence, left)) return *ordered;
  std::string active = left.front();
  if (left.size() == 2) {
    auto last = promoted_last_of(evidence, left.front(), left.back());
    if (!last) return last.error();
    active = *last;
  } else {
    const AgentStatus& only = *evidence.agents.at(active);
    if (!only.database) return silent_database(active);
    if (stands_by(only) && evidence.gone)
      return Choice{*evidence.gone, active + " only stands by, and may now be promoted for it"};
  }
  return Choice{active, "nobody holds the lease or was promoted after it"};
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
  std::uint64_t seen = evidence.earlier ? evidence.earlier->version : 0;
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
  if (by_database_alone || past_the_gone) epoch += 2;
  // Of what the last recovery made nobody may have heard before the registry died again.
  if (!evidence.earlier) return epoch;
  const bool moves = choice.active != evidence.earlier->active;
  return std::max(epoch, evidence.earlier->epoch + (moves ? 1 : 0));
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
