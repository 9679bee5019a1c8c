#pragma once
// The Page port on a file in a memory file system (fence/page.h).

#include <memory>
#include <string>

#include "base/result.h"
#include "ports/page.h"

namespace understudy {

/// The region's only writer of the page at `path`, which is created closed if it is not there.
/// Error, unchanged_retry: another process writes it. The object is thread-safe.
[[nodiscard]] Result<std::unique_ptr<Page>> open_file_page(const std::string& path);

}  // namespace understudy
