// record list, record show, verify-record: they read files, and ask nobody.

#include "cli/record_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "local/site.h"
#include "record/canonical.h"
#include "record/signature.h"
#include "record/verification.h"
#include "system/file.h"

namespace understudy {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t kBytesMax = 256 << 20;
constexpr std::string_view kEnding = ".record.jsonl";

std::string text_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

/// Nothing was altered since it was signed, by whomever.
bool is_whole(const record::Verification& verified) {
  return !verified.checks.empty() && verified.checks.front().verdict == record::Verdict::holds;
}

/// Of one that was altered, only what it says it is.
void print_summary(const record::Verification& verified) {
  const record::Summary& record = verified.summary;
  if (!is_whole(verified)) {
    if (!verified.entries.empty()) {
      fmt::print("  says it is   {} of {}, record {}\n", record.execution, record.platform,
                 record.number);
    }
    return;
  }
  fmt::print("  execution    {} of {}, record {}: {}\n", record.execution, record.platform,
             record.number, record.status);
  fmt::print("  when         {} to {}\n", record.started, record.ended);
  if (record.answers.empty()) fmt::print("  asked        nobody\n");
  for (const record::Answer& answer : record.answers) {
    fmt::print("  {:<12} {} at {} ({})\n", answer.approved ? "approved by" : "declined", answer.by,
               format_wall(answer.at), answer.state);
  }
  fmt::print("  document     SHA-256 {}\n", record.document_sha256);
  fmt::print("  entries      {}; the last one hashes to {}\n", record.entries, record.hash);
  fmt::print("  follows      {}{}\n", record.previous,
             record.previous_execution.empty() ? "" : " of " + record.previous_execution);
}

void print_checks(const record::Verification& verified) {
  for (const record::Check& check : verified.checks) {
    const std::string_view verdict = check.verdict == record::Verdict::holds    ? "holds"
                                     : check.verdict == record::Verdict::broken ? "BROKEN"
                                                                                : "not judged";
    fmt::print("  {:<12} {}: {}\n", check.name, verdict, check.what);
  }
}

/// A stack's records, by file name; and its authority's certificate.
struct Shelf {
  std::vector<std::string> files;
  std::string authority;
};

/// Prints why there is none.
std::optional<Shelf> open_shelf(const Where& where, Exit& otherwise) {
  const auto stack = find_stack(where);
  otherwise = Exit::usage;
  if (!stack) return std::nullopt;
  const Layout layout(stack->topology, stack->data);
  const DomainPlace witness = layout.domain("witness");
  auto authority = file::read(witness.file("tls/authority.crt"));
  if (!authority) {
    otherwise = fail("record", "is the stack up? " + authority.error().what, Exit::no);
    return std::nullopt;
  }
  Shelf shelf{.files = {}, .authority = std::move(*authority)};
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(witness.file("records"), none)) {
    if (entry.path().string().ends_with(kEnding)) shelf.files.push_back(entry.path().string());
  }
  std::ranges::sort(shelf.files);
  return shelf;
}

struct NamedVerification {
  std::string file;
  record::Verification verified;
};

/// By the number that they give themselves.
Result<std::vector<NamedVerification>> verify_all(const std::vector<std::string>& files,
                                                  std::optional<std::string_view> authority) {
  std::vector<NamedVerification> all;
  for (const std::string& path : files) {
    const auto text = file::read(path, kBytesMax);
    if (!text) return text.error();
    all.push_back({path, record::verify(*text, authority)});
  }
  std::ranges::stable_sort(all, {}, [](const auto& one) { return one.verified.summary.number; });
  return all;
}

/// Of those that hold by themselves; the others' word for their place means nothing.
std::vector<std::string> gaps_in(const std::vector<NamedVerification>& all) {
  std::vector<record::Summary> told;
  for (const auto& [path, verified] : all) {
    if (is_whole(verified)) told.push_back(verified.summary);
  }
  return record::gaps_between(told);
}

/// The fields beside what the line says anyway.
std::string describe(const record::Entry& entry) {
  const json::object& content = entry.content;
  json::object rest;
  if (entry.kind == "history") {
    std::string name;
    for (const auto& member : content) {
      const auto* details = member.value().if_object();
      if (details == nullptr) continue;
      for (const char* key : {"name", "output", "cause"}) {
        if (const std::string text = text_at(*details, key); !text.empty() && name.empty())
          name = text;
      }
    }
    return text_at(content, "type") + "  " + name;
  }
  for (const auto& [key, value] : content) {
    if (key != "at" && key != "at_ns" && key != "source" && key != "event" && key != "document")
      rest[key] = value;
  }
  return text_at(content, "event") + "  " + record::canonical(rest);
}

std::string time_of(const record::Entry& entry) {
  for (const char* key : {"timestamp", "at", "started", "ended"}) {
    if (std::string time = text_at(entry.content, key); !time.empty()) return time;
  }
  return {};
}

}  // namespace

Exit record_list_command(const Where& where) {
  Exit otherwise = Exit::ok;
  const auto shelf = open_shelf(where, otherwise);
  if (!shelf) return otherwise;
  const auto all = verify_all(shelf->files, shelf->authority);
  if (!all) return fail("record", all.error().what, Exit::machine);
  if (all->empty()) fmt::print("no execution has ended yet\n");
  Exit status = Exit::ok;
  for (const auto& [path, verified] : *all) {
    const record::Summary& summary = verified.summary;
    if (!verified.holds()) status = Exit::no;
    fmt::print("{:>3}  {}  {:<9}  {}  {}\n", summary.number, summary.ended, summary.status,
               verified.holds() ? "holds" : "DOES NOT HOLD", path);
  }
  for (const std::string& gap : gaps_in(*all)) {
    status = Exit::no;
    fmt::print("BROKEN       {}\n", gap);
  }
  return status;
}

Exit record_show_command(const Where& where, const std::string& execution, bool as_json) {
  Exit otherwise = Exit::ok;
  const auto shelf = open_shelf(where, otherwise);
  if (!shelf) return otherwise;
  const std::string name = "/" + execution + std::string(kEnding);
  const auto found = std::ranges::find_if(
      shelf->files, [&](const std::string& path) { return path.ends_with(name); });
  if (found == shelf->files.end())
    return fail("record", "no record of \"" + execution + "\": understudy record list", Exit::no);
  const auto all = verify_all({*found}, shelf->authority);
  if (!all) return fail("record", all.error().what, Exit::machine);
  const record::Verification& verified = all->front().verified;
  if (as_json) {
    json::array entries;
    for (const record::Entry& entry : verified.entries)
      entries.push_back(json::object{{"kind", entry.kind}, {"content", entry.content}});
    fmt::print("{}\n", record::canonical(json::value(std::move(entries))));
  } else {
    print_summary(verified);
    for (std::size_t at = 0; at < verified.entries.size(); ++at) {
      const record::Entry& entry = verified.entries[at];
      fmt::print("{:>5}  {:<24}  {:<8} {}\n", at, time_of(entry), entry.kind, describe(entry));
    }
    print_checks(verified);
  }
  return verified.holds() ? Exit::ok : Exit::no;
}

Exit verify_record_command(const VerifyWords& words) {
  std::optional<std::string> authority;
  if (!words.authority.empty()) {
    auto text = file::read(words.authority);
    if (!text) return fail("verify-record", text.error().what, Exit::usage);
    if (!record::is_certificate(*text))
      return fail("verify-record", words.authority + ": is no certificate (PEM)", Exit::usage);
    authority = std::move(*text);
  }
  const auto all = verify_all(words.files, authority);
  if (!all) return fail("verify-record", all.error().what, Exit::usage);
  Exit status = Exit::ok;
  for (const auto& [path, verified] : *all) {
    const bool holds = verified.holds();
    if (!holds) status = Exit::no;
    fmt::print("{}: {}\n", path, holds ? "holds" : "DOES NOT HOLD");
    print_summary(verified);
    print_checks(verified);
  }
  const auto gaps = gaps_in(*all);
  for (const std::string& gap : gaps) fmt::print("between them: BROKEN: {}\n", gap);
  if (gaps.empty() && all->size() > 1 && status == Exit::ok)
    fmt::print("between them: holds: each follows the one before, none is missing\n");
  return gaps.empty() ? status : Exit::no;
}

}  // namespace understudy
