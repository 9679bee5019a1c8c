#pragma once
// The databases of two regions as `up` makes them, real, under supervisors of their own, without
// the rest of the stack. Who is active, the test says.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "domain.h"
#include "local/postgres_rebuild.h"
#include "ports/clock.h"
#include "ports/database.h"
#include "ports/page.h"
#include "system/postgres.h"

namespace understudy {

/// PostgreSQL refuses to be root: makes this program's process another user, for good.
void become_unprivileged();

/// The folder in which the databases are made once, for all tests of the program.
class RegionPair {
 public:
  static constexpr const char* kHome = "north";
  static constexpr const char* kOther = "south";

  /// Both run, the home region's as primary with its page open, the other's streaming from it.
  RegionPair();
  ~RegionPair();
  RegionPair(const RegionPair&) = delete;
  RegionPair& operator=(const RegionPair&) = delete;

  [[nodiscard]] const Layout& layout() const;
  [[nodiscard]] const StackSecrets& secrets() const;
  [[nodiscard]] Clock& clock() { return *clock_; }
  [[nodiscard]] BootTime soon(Duration length = std::chrono::seconds(60)) const {
    return clock_->boot() + length;
  }

  [[nodiscard]] SupervisorClient supervisor(const std::string& region) const;
  /// The supervisor dies and another one takes its place, as when the machine comes back.
  void restart_supervisor(const std::string& region);
  void open_page(const std::string& region);
  void close_page(const std::string& region);

  [[nodiscard]] Database& database(const std::string& region) { return *databases_.at(region); }
  [[nodiscard]] RebuildPlace place(const std::string& region) const;
  [[nodiscard]] std::unique_ptr<DatabaseRebuild> rebuild(const std::string& region);
  [[nodiscard]] std::string folder(const std::string& region) const;

  /// One statement as superuser in the application's database, by TCP; the test fails if it does.
  postgres::Rows run(const std::string& region, const std::string& sql);
  [[nodiscard]] std::string value(const std::string& region, const std::string& sql);
  /// Buys a seat as boxoffice does; the order's id.
  std::string buy(const std::string& region, const std::string& key, int seat);

  /// Waits until the other region has all that this one wrote.
  void await_streamed(const std::string& from, const std::string& to);
  /// The standby receives nothing more.
  void cut(const std::string& standby);
  /// Ends the primary's right to write, and makes the standby primary.
  void fail_over(const std::string& from, const std::string& to);

 private:
  void start(const std::string& region);

  std::unique_ptr<Clock> clock_;
  std::map<std::string, std::unique_ptr<Scratch>> scratches_;
  std::map<std::string, std::unique_ptr<SupervisedDomain>> domains_;
  std::map<std::string, std::unique_ptr<Page>> pages_;
  std::map<std::string, std::unique_ptr<Database>> databases_;
};

}  // namespace understudy
