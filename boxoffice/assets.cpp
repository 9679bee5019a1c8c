#include "assets.h"

#include "base/ensure.h"

namespace understudy::boxoffice {

std::string static_path(std::string_view name) {
  for (const Asset& file : static_files()) {
    if (file.name != name) continue;
    const auto dot = name.rfind('.');
    return "/static/" + std::string(name.substr(0, dot)) + "." + std::string(file.hash) +
           std::string(name.substr(dot));
  }
  ensure(false, "a static file that a page names is there");
  return {};
}

}  // namespace understudy::boxoffice
