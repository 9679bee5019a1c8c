#pragma once
// What the environment says of a service with pages, beyond what it says of every service.

#include <string>

#include "configuration.h"

namespace understudy::boxoffice {

struct PageSettings {
  std::string api_url;         ///< of the public API, for the webapp's seat map; "": it is not live
  std::string webapp_url;      ///< where others' links to events lead
  std::string staff_password;  ///< never logged
};

/// Empty for roles without pages. URLs are without '/' at the end. The error is like that of
/// read_configuration().
[[nodiscard]] Result<PageSettings> read_page_settings(const Configuration& configuration,
                                                      const Environment& environment);

}  // namespace understudy::boxoffice
