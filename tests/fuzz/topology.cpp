#include <fmt/format.h>

#include <algorithm>
#include <boost/locale/utf.hpp>

#include "targets.h"
#include "topology/json.h"
#include "topology/load.h"

namespace understudy::fuzz {

namespace {

/// One line that a terminal and a log can take.
bool is_line(std::string_view text) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  for (auto at = text.begin(); at != text.end();) {
    const auto point = Utf8::decode(at, text.end());
    if (!boost::locale::utf::is_valid_codepoint(point) || point < 0x20) return false;
  }
  return !text.empty();
}

void judge(const Mistake& mistake, std::ptrdiff_t lines) {
  must(mistake.line >= 0 && mistake.line <= lines,
       fmt::format("a mistake names a line of the file: {} of {}: {}", mistake.line, lines,
                   mistake.text()));
  must(!mistake.what.empty(), "a mistake says what is wrong");
  must(is_line(mistake.text()), "a mistake is one printable line");
}

}  // namespace

void topology(std::string_view bytes) {
  const auto loaded = parse_topology(std::string(bytes), "/etc/shop/u.yaml");
  must(loaded.topology.has_value() == loaded.mistakes.empty(), "a topology, or else its mistakes");
  must(loaded.mistakes.size() <= 101, "a hundred mistakes and the count of the rest at most");
  const auto lines = std::count(bytes.begin(), bytes.end(), '\n') + (bytes.ends_with('\n') ? 0 : 1);
  for (const Mistake& mistake : loaded.mistakes) judge(mistake, lines);
  if (!loaded.topology) return;
  const auto broken = check_relations(*loaded.topology);
  must(broken.empty(), "what was loaded breaks no relation");
  const auto written = to_json(*loaded.topology);
  const auto back = from_json(written);
  must(back.ok(), "what was loaded is read from JSON: " + (back ? "" : back.error().what));
  must(to_json(*back) == written, "the way through JSON loses nothing");
}

}  // namespace understudy::fuzz
