#pragma once
// The Database port on one PostgreSQL server.

#include <memory>
#include <string>

#include "ports/clock.h"
#include "ports/database.h"

namespace understudy {

struct PostgresAccess {
  std::string conninfo;        ///< of the role `understudy`; holds a password
  std::string admission_file;  ///< pg_hba.conf, rewritten to admit or refuse applications
  std::string admitting;       ///< its content when they are admitted
  std::string refusing;        ///< and when they are not
  std::string folder;          ///< of its data
  std::string commits_file;    ///< included by its configuration: whether commits wait
  std::string standby;         ///< the name by which its standby reports
  std::string standby_slot;    ///< the replication slot of the other region's standby, if promoted
};

/// Commits wait for a standby of that name; "": for nobody.
[[nodiscard]] std::string commits_configuration(const std::string& standby);

/// Connections are kept and reused. `clock` outlives it.
[[nodiscard]] std::unique_ptr<Database> make_postgres_database(PostgresAccess access, Clock& clock);

}  // namespace understudy
