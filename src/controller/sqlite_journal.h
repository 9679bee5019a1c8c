#pragma once
// The Journal port on one SQLite file.

#include <memory>
#include <string>

#include "controller/journal.h"

namespace understudy {

/// Opens the file for this process alone. Error, unchanged_retry: another controller has it.
[[nodiscard]] Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& file);

}  // namespace understudy
