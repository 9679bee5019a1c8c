#include "drill/record_check.h"

#include <algorithm>
#include <filesystem>

#include "drill/instant.h"
#include "drill/interruption.h"
#include "record/verification.h"
#include "system/file.h"

namespace understudy::drill {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBytesMax = 256 << 20;
constexpr auto kLook = milliseconds(100);

struct Found {
  std::vector<record::Summary> records;
  bool failover = false;  ///< one that succeeded is among them
};

Result<Found> verify_all(const Site& site) {
  const DomainPlace witness = site.layout().domain("witness");
  const auto authority = file::read(witness.file("tls/authority.crt"));
  if (!authority) return authority.error();
  Found found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(witness.file("records"), none)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".record.jsonl")) continue;
    const auto text = file::read(path, kBytesMax);
    if (!text) return text.error();
    const record::Verification verified = record::verify(*text, *authority);
    for (const record::Check& check : verified.checks) {
      if (check.verdict != record::Verdict::holds) {
        return Error{After::unchanged_final,
                     path + ": " + std::string(check.name) + ": " + check.what};
      }
    }
    found.failover = found.failover || verified.summary.status == "SUCCEEDED";
    found.records.push_back(verified.summary);
  }
  const auto gaps = record::gaps_between(found.records);
  if (!gaps.empty()) return Error{After::unchanged_final, gaps.front()};
  return found;
}

}  // namespace

Result<unsigned> records_hold(const Site& site, Duration patience) {
  const BootTime give_up = read_clocks().boot + patience;
  while (true) {
    const auto found = verify_all(site);
    if (!found) return found.error();
    if (found->failover) return static_cast<unsigned>(found->records.size());
    if (read_clocks().boot >= give_up)
      return Error{After::unchanged_final, "no failover that succeeded has one"};
    sleep_unless_interrupted(kLook);
  }
}

}  // namespace understudy::drill
