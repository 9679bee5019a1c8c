#include "drill/ledger.h"

#include "drill/ledger_text.h"
#include "targets.h"

namespace understudy::fuzz {

namespace {

using drill::Ledger;

std::string written(const Ledger& ledger) {
  std::string text;
  const auto add = [&text](const auto& records) {
    for (const auto& record : records) text += drill::to_line(record) + '\n';
  };
  add(ledger.attempts);
  add(ledger.acknowledgements);
  add(ledger.refusals);
  add(ledger.unknowns);
  add(ledger.pages);
  add(ledger.marks);
  add(ledger.stalls);
  return text;
}

}  // namespace

void ledger(std::string_view bytes) {
  const auto read = drill::parse_ledger(bytes, "ledger");
  if (!read) {
    must(read.error().what.starts_with("ledger:"), "an error names the ledger's line");
    return;
  }
  const auto text = written(*read);
  const auto again = drill::parse_ledger(text, "again");
  must(again.ok(), "a ledger written again is read: " + (again ? "" : again.error().what));
  must(!again->torn, "a ledger written again is whole");
  must(written(*again) == text, "a ledger written again says the same");
  // A kill may come at any byte.
  for (std::size_t part = 1; part < 16; ++part) {
    const auto cut = bytes.substr(0, bytes.size() * part / 16);
    must(drill::parse_ledger(cut, "cut").ok(), "a ledger that was cut short is torn at most");
  }
}

}  // namespace understudy::fuzz
