#pragma once
// What is looked at before `up` or `down` touches anything, so that a refusal changes nothing.
// Every error is unchanged_final and one line for a person.

#include <optional>
#include <string>

#include "base/result.h"
#include "local/layout.h"

namespace understudy {

/// Where a service's program is; none if it is to be found in PATH.
[[nodiscard]] std::optional<std::string> program_file(const Topology& topology,
                                                      const Service& service);
/// Where the application's schema is, if there is one.
[[nodiscard]] std::optional<std::string> schema_file(const Topology& topology);
/// They are there.
[[nodiscard]] Result<Done> check_sources(const Layout& layout);

/// The data folder is missing, empty, or marked as a stack's: `down` removes all that is in it and
/// ends whoever works below it.
[[nodiscard]] Result<Done> check_ours(const Layout& layout);
/// Marks it. Before anything else is put there.
[[nodiscard]] Result<Done> mark_ours(const Layout& layout);

/// The stack that was made in the folder is of this platform, with these regions and this database;
/// and if any of it runs, it does so at these addresses. Otherwise `up` would find it half running.
[[nodiscard]] Result<Done> check_same_stack(const Layout& layout);

/// Every port that the stack needs is free, but for those of its own domains that run.
[[nodiscard]] Result<Done> check_ports(const Layout& layout);

}  // namespace understudy
