#pragma once
// The stack's own certificate authority: made by `up`, so that every control connection is mutual
// TLS.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "system/http.h"

namespace understudy {

/// Makes the authority's key and certificate in `folder` unless they are there. P-256, ten years.
[[nodiscard]] Result<Done> make_authority(const std::string& folder, const std::string& platform);

/// Makes `<into>/<name>.key` and `.crt` signed by the authority in `folder`: common name `name`,
/// valid for `addresses` as server and client. One year. Files are 0600.
[[nodiscard]] Result<Done> issue_certificate(const std::string& folder, const std::string& into,
                                             const std::string& name,
                                             const std::vector<std::string>& addresses);

/// When the certificate in that file ends. Error, unchanged_final: it cannot be read.
[[nodiscard]] Result<WallTime> certificate_end(const std::string& file);

/// The files that issue_certificate made, with a copy of the authority's certificate beside them.
[[nodiscard]] http::Tls certificate_files(const std::string& into, const std::string& name);

}  // namespace understudy
