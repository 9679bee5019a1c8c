#include "record/chain.h"

#include <fmt/format.h>

#include "record/canonical.h"

namespace understudy::record {

namespace json = boost::json;

void Chain::append(std::string_view kind, json::object content) {
  const std::string line = canonical(json::object{
      {"content", std::move(content)}, {"kind", kind}, {"previous", hash_}, {"seq", entries_}});
  hash_ = sha256(line);
  text_ += line + "\n";
  ++entries_;
}

namespace {

struct Line {
  Entry entry;
  std::string previous;
  std::uint64_t seq = 0;
};

Result<Line> read_line(std::string_view text) {
  auto object = parse_canonical(text);
  if (!object) return object.error();
  const Error unknown{After::unchanged_final,
                      "is no entry: expected content, kind, previous and seq, and nothing else"};
  if (object->size() != 4) return unknown;
  const auto* content = object->if_contains("content");
  const auto* kind = object->if_contains("kind");
  const auto* previous = object->if_contains("previous");
  const auto* seq = object->if_contains("seq");
  if (content == nullptr || !content->is_object() || kind == nullptr || !kind->is_string() ||
      previous == nullptr || !previous->is_string() || seq == nullptr || !seq->is_int64())
    return unknown;
  return Line{{std::string(kind->get_string()), content->get_object()},
              std::string(previous->get_string()),
              static_cast<std::uint64_t>(seq->get_int64())};
}

/// Entry `at` does not hash to what follows it says. Either it was altered, or its follower was; a
/// follower that was altered does not hash to what its own follower says.
std::string altered(std::size_t at, const std::vector<std::string_view>& lines,
                    const std::vector<std::string>& wanted) {
  const bool follower_too = at + 1 < lines.size() && sha256(lines[at + 1]) != wanted[at + 2];
  if (follower_too) {
    return fmt::format("entry {} was altered: it says that it follows another entry than {}",
                       at + 1, at);
  }
  return fmt::format("entry {} was altered: it does not hash to what {} says", at,
                     at + 1 < lines.size() ? fmt::format("entry {}", at + 1) : "the signature");
}

}  // namespace

Links follow(const std::vector<std::string_view>& lines, std::string_view hash_after) {
  Links links;
  if (lines.empty()) {
    links.broken = "there is no entry at all";
    return links;
  }
  std::vector<std::string> wanted;  // by the place of an entry: what the one before must hash to
  for (std::size_t at = 0; at < lines.size(); ++at) {
    auto line = read_line(lines[at]);
    if (!line) {
      links.broken = fmt::format("entry {} {}", at, line.error().what);
      return links;
    }
    if (line->seq != at) {
      links.broken = fmt::format("entry {} is missing or out of its place: entry {} stands there",
                                 at, line->seq);
      return links;
    }
    wanted.push_back(std::move(line->previous));
    links.entries.push_back(std::move(line->entry));
  }
  wanted.emplace_back(hash_after);
  links.first_follows = wanted.front();
  for (std::size_t at = 0; at < lines.size(); ++at) {
    links.hash = sha256(lines[at]);
    if (links.hash == wanted[at + 1]) continue;
    links.broken = altered(at, lines, wanted);
    links.entries.resize(at);
    return links;
  }
  return links;
}

}  // namespace understudy::record
