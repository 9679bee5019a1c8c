#pragma once
// record list, record show, verify-record.

#include <string>
#include <vector>

#include "base/exit_status.h"
#include "cli/commands.h"

namespace understudy {

/// The records of a stack, and whether they hold by its own authority.
Exit record_list_command(const Where& where);
/// One of them, entry by entry; as JSON the entries as one list.
Exit record_show_command(const Where& where, const std::string& execution, bool json);

struct VerifyWords {
  std::vector<std::string> files;
  std::string authority;  ///< PEM file; "": nobody is trusted, so no certificate holds
};
/// Needs no stack: only the files.
Exit verify_record_command(const VerifyWords& words);

}  // namespace understudy
