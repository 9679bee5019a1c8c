#pragma once
// Making a stack for the first time: secrets, certificates, configuration, the two databases.

#include "local/stack.h"

namespace understudy {

/// Has create() run to its end here?
[[nodiscard]] bool created(const Layout& layout);

/// Makes all of it; what an interrupted earlier try left is removed first.
[[nodiscard]] Result<Done> create(const Layout& layout, const Programs& programs,
                                  const Progress& progress);

/// Writes what is derived anew at every start: configuration files and the memory folder.
[[nodiscard]] Result<Done> write_configuration(const Layout& layout, const Programs& programs);

}  // namespace understudy
