#include "record/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "record/build.h"
#include "record/canonical.h"
#include "record/proof.h"
#include "record/signature.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

std::string text_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::uint64_t number_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_int64() && found->get_int64() >= 0
             ? static_cast<std::uint64_t>(found->get_int64())
             : 0;
}

struct Lines {
  std::vector<std::string_view> entries;
  std::string_view signature;
};

/// Error: the text does not end as a whole one does.
Result<Lines> split(std::string_view text) {
  if (text.empty()) return Error{After::unchanged_final, "the file is empty"};
  if (text.back() != '\n')
    return Error{After::unchanged_final, "the file was cut off: its last line has no end"};
  Lines lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.entries.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  lines.signature = lines.entries.back();
  lines.entries.pop_back();
  return lines;
}

/// A whole record: one start, one end, and the count of what lies between.
std::optional<std::string> misshapen(const std::vector<Entry>& entries) {
  if (entries.front().kind != kStart || text_at(entries.front().content, "format") != kFormat)
    return fmt::format("entry 0 is not the start of an {}", kFormat);
  if (entries.back().kind != kEnd)
    return fmt::format("entry {} is not the end of a record", entries.size() - 1);
  for (std::size_t at = 1; at + 1 < entries.size(); ++at) {
    const std::string& kind = entries[at].kind;
    const bool metrics = at + 2 == entries.size();
    if (metrics ? kind == kMetrics : kind == kHistory || kind == kEvent || kind == kOrder) continue;
    return fmt::format("entry {} may not be of the kind \"{}\"", at, kind);
  }
  if (const auto said = number_at(entries.back().content, "entries"); said != entries.size())
    return fmt::format("entry {} says that there are {} entries", entries.size() - 1, said);
  return std::nullopt;
}

states::ExecutionInfo info_in(const json::object& start) {
  states::ExecutionInfo info{.name = text_at(start, "execution")};
  const auto* found = start.if_contains("engine");
  if (found == nullptr || !found->is_object()) return info;
  const json::object& engine = found->get_object();
  info.arn = text_at(engine, "arn");
  info.role_arn = text_at(engine, "role_arn");
  info.machine_arn = text_at(engine, "machine_arn");
  info.machine_name = text_at(engine, "machine_name");
  info.region = text_at(engine, "region");
  const auto* tokens = engine.if_contains("tokens");
  if (tokens == nullptr || !tokens->is_array()) return info;
  for (const auto& token : tokens->get_array()) {
    if (token.is_string()) info.tokens.emplace_back(token.get_string());
  }
  return info;
}

/// One record, checked in an order in which each check may rely on those before.
class Verifier {
 public:
  Verifier(std::string_view text, std::optional<std::string_view> authority)
      : text_(text), authority_(authority) {}

  Verification run() {
    const auto lines = split(text_);
    if (!lines) return broken_off("chain", lines.error().what);
    const auto signature = read_signature(lines->signature);
    if (!signature) {
      return broken_off("chain", fmt::format("the last line {}: the record was cut off, or the "
                                             "signature was altered",
                                             signature.error().what));
    }
    Links links = follow(lines->entries, signature->record_hash);
    done_.entries = std::move(links.entries);
    summarize(links);
    if (links.broken) return broken_off("chain", *links.broken);
    if (const auto why = misshapen(done_.entries)) return broken_off("chain", *why);
    add("chain", Verdict::holds, fmt::format("{} entries", done_.entries.size()));
    check_document();
    add("signature", check_signature(*signature), "by the key of the certificate in the record");
    check_certificate(*signature);
    return std::move(done_);
  }

 private:
  void add(std::string_view name, Verdict verdict, std::string what) {
    done_.checks.push_back({name, verdict, std::move(what)});
  }
  void add(std::string_view name, const Result<Done>& result, std::string what) {
    add(name, result ? Verdict::holds : Verdict::broken,
        result ? std::move(what) : result.error().what);
  }
  Verification broken_off(std::string_view name, std::string what) {
    add(name, Verdict::broken, std::move(what));
    return std::move(done_);
  }

  void summarize(const Links& links) {
    Summary& summary = done_.summary;
    summary.previous = links.first_follows;
    summary.hash = links.hash;
    summary.entries = done_.entries.size();
    if (done_.entries.empty()) return;
    const json::object& start = done_.entries.front().content;
    summary.platform = text_at(start, "platform");
    summary.execution = text_at(start, "execution");
    summary.number = number_at(start, "number");
    summary.previous_execution = text_at(start, "previous_execution");
    summary.started = text_at(start, "started");
    summary.document_sha256 = text_at(start, "document_sha256");
    const json::object& end = done_.entries.back().content;
    summary.status = text_at(end, "status");
    summary.ended = text_at(end, "ended");
  }

  void check_document() {
    const json::object& start = done_.entries.front().content;
    const std::string document = text_at(start, "document");
    if (sha256(document) != done_.summary.document_sha256)
      return add("document", Verdict::broken, "entry 0: the document does not have its hash");
    add("document", Verdict::holds, "SHA-256 " + done_.summary.document_sha256);
    std::vector<states::HistoryEvent> history;
    for (std::size_t at = 0; at < done_.entries.size(); ++at) {
      if (done_.entries[at].kind != kHistory) continue;
      auto event = states::event_from_json(done_.entries[at].content);
      if (!event) {
        return add("replay", Verdict::broken, fmt::format("entry {}: {}", at, event.error().what));
      }
      history.push_back(std::move(*event));
    }
    done_.summary.answers = answers_of(history);
    if (draws_chance(document)) {
      return add("replay", Verdict::unknown,
                 "the document draws chance, and the record does not tell the seed");
    }
    add("replay", prove(info_in(start), document, history, done_.summary.status),
        fmt::format("the document leads from event to event, {} of them, to {}", history.size(),
                    done_.summary.status));
  }

  void check_certificate(const Signature& signature) {
    if (!authority_) {
      return add("certificate", Verdict::unknown,
                 "nobody vouches for it: name the authority's certificate");
    }
    const auto ended = parse_wall(done_.summary.ended);
    if (!ended) return add("certificate", Verdict::broken, "the record does not say when it ended");
    add("certificate", record::check_certificate(signature, *authority_, *ended),
        "the controller's, by the authority, when the execution ended");
  }

  const std::string_view text_;
  const std::optional<std::string_view> authority_;
  Verification done_;
};

std::string shown(const Summary& record) {
  return fmt::format("record {} ({})", record.number, record.execution);
}

std::optional<std::string> gap(const Summary& before, const Summary& after) {
  if (before.number == after.number && before.hash == after.hash) return std::nullopt;  // twice
  if (before.number == after.number) {
    return fmt::format("{} and {} claim the same place", shown(before), shown(after));
  }
  if (after.number != before.number + 1) {
    return fmt::format("{} of {} missing between {} and {}", after.number - before.number - 1,
                       before.platform, shown(before), shown(after));
  }
  if (after.previous != before.hash) {
    return fmt::format("{} follows another one than {}: {} {}", shown(after), shown(before),
                       after.previous_execution, after.previous);
  }
  return std::nullopt;
}

}  // namespace

bool Verification::holds() const {
  return std::ranges::all_of(checks, [](const Check& check) {
    return check.verdict == Verdict::holds ||
           (check.verdict == Verdict::unknown && check.name == "replay");
  });
}

Verification verify(std::string_view text, std::optional<std::string_view> authority) {
  return Verifier(text, authority).run();
}

std::vector<std::string> gaps_between(std::span<const Summary> records) {
  std::map<std::string, std::vector<const Summary*>> by_platform;
  for (const Summary& record : records) by_platform[record.platform].push_back(&record);
  std::vector<std::string> gaps;
  for (auto& [platform, all] : by_platform) {
    std::ranges::stable_sort(all, {}, [](const Summary* record) { return record->number; });
    const Summary& first = *all.front();
    if ((first.number == 1) != (first.previous == kGenesis))
      gaps.push_back(fmt::format("{} follows {}", shown(first), first.previous));
    for (std::size_t at = 1; at < all.size(); ++at) {
      if (auto found = gap(*all[at - 1], *all[at])) gaps.push_back(std::move(*found));
    }
  }
  return gaps;
}

std::string signed_hash(std::string_view text) {
  const auto lines = split(text);
  const auto signature =
      lines ? read_signature(lines->signature) : Result<Signature>(lines.error());
  return signature ? signature->record_hash : std::string();
}

}  // namespace understudy::record
