#include "short_links.h"

#include <algorithm>
#include <boost/json.hpp>

namespace understudy::boxoffice {
namespace {

std::optional<std::string> epoch_of(const Permission& permission) {
  return permission.epoch ? std::optional(std::to_string(*permission.epoch)) : std::nullopt;
}

}  // namespace

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<std::optional<std::int64_t>> ShortLinks::find(const std::string& code) {
  const auto rows = pool_.run("find_link", "SELECT event FROM short_links WHERE code = $1", {code});
  if (!rows) return rows.error();
  return rows->empty() ? std::optional<std::int64_t>() : std::optional(rows->number(0, 0));
}

Result<std::vector<ShortLink>> ShortLinks::all() {
  const auto rows = pool_.run("all_links",
                              "SELECT l.code, l.event, e.name, l.clicks FROM short_links l"
                              " JOIN events e ON e.id = l.event ORDER BY l.code LIMIT 500",
                              {});
  if (!rows) return rows.error();
  std::vector<ShortLink> links;
  for (std::size_t i = 0; i < rows->size(); ++i)
    links.push_back({rows->at(i, 0), rows->number(i, 1), rows->at(i, 2), rows->number(i, 3)});
  return links;
}

Result<std::string> ShortLinks::make(const std::string& code, std::int64_t event,
                                     const Permission& permission) {
  const auto rows = pool_.run("make_link", "SELECT make_short_link($1, $2, $3, $4)",
                              {code, std::to_string(event), epoch_of(permission), region_});
  if (!rows) return rows.error();
  return rows->at(0, 0);
}

Result<bool> ShortLinks::count(const std::map<std::string, std::int64_t>& clicks,
                               const Permission& permission) {
  boost::json::object counts;
  for (const auto& [code, number] : clicks) counts[code] = number;
  const auto rows = pool_.run("count_clicks", "SELECT count_clicks($1, $2, $3)",
                              {boost::json::serialize(counts), epoch_of(permission), region_});
  if (!rows) return rows.error();
  return rows->at(0, 0) == "t";
}

}  // namespace understudy::boxoffice
