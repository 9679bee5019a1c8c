#pragma once
// Templates and static files. They are part of the program (embed.cmake), which `understudy up`
// deploys as a single file: no process can miss one, or have one of another version.

#include <span>
#include <string>
#include <string_view>

namespace understudy::boxoffice {

struct Asset {
  std::string_view name;  ///< "event.html", "boxoffice.css"
  std::string_view hash;  ///< of the content, twelve hexadecimal digits
  std::string_view content;
};

[[nodiscard]] std::span<const Asset> templates();
[[nodiscard]] std::span<const Asset> static_files();

/// "/static/boxoffice.0123456789ab.css": another content is another path, so that it may be kept
/// for ever. Requires: there is a static file of that name.
[[nodiscard]] std::string static_path(std::string_view name);

}  // namespace understudy::boxoffice
