#pragma once
// Codes that lead to events: /s/<code>.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"
#include "writer_page.h"

namespace understudy::boxoffice {

struct ShortLink {
  std::string code;
  std::int64_t event = 0;
  std::string name;  ///< of the event
  std::int64_t clicks = 0;
};

/// 1 to 40 lower-case letters, digits and hyphens.
[[nodiscard]] bool is_code(std::string_view text);

/// Thread-safe. Errors as DatabasePool::run.
class ShortLinks {
 public:
  ShortLinks(DatabasePool& pool, std::string region) : pool_(pool), region_(std::move(region)) {}

  /// The event that a code leads to, if any. Also good on a standby.
  [[nodiscard]] Result<std::optional<std::int64_t>> find(const std::string& code);
  /// By code. Also good on a standby.
  [[nodiscard]] Result<std::vector<ShortLink>> all();
  /// outcome: see make_short_link in schema.sql.
  [[nodiscard]] Result<std::string> make(const std::string& code, std::int64_t event,
                                         const Permission& permission);
  /// False if the database is of another epoch: nothing was counted.
  [[nodiscard]] Result<bool> count(const std::map<std::string, std::int64_t>& clicks,
                                   const Permission& permission);

 private:
  DatabasePool& pool_;
  const std::string region_;
};

}  // namespace understudy::boxoffice
