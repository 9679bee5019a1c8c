#pragma once
// A place for one stack of the example's platform: folder, configuration, free ports; and what is
// left of it afterwards.

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "local/control_client.h"
#include "local/site.h"
#include "ports/registry.h"
#include "run.h"
#include "system/process_tree.h"

namespace understudy {

class Place {
 public:
  /// `data`: the stack's folder; "": one of its own, on a disk.
  explicit Place(const std::string& data = "");
  /// Ends whatever still runs, by force.
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const std::string& data() const { return data_; }
  [[nodiscard]] const Folder& folder() const { return folder_; }
  [[nodiscard]] const Layout& layout() const { return *layout_; }
  [[nodiscard]] std::string config() const { return folder_.file("understudy.yaml"); }

  /// WORDS with -f, --data and --port-base behind them.
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> words) const;
  [[nodiscard]] Said run(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment = {}) const;
  /// A process of the stack, with --data behind its words.
  [[nodiscard]] Said run_process(std::vector<std::string> words,
                                 const std::string& program = UNDERSTUDY_PROGRAM) const;

  /// `status --json`; empty if that failed.
  [[nodiscard]] boost::json::object status() const;
  /// The registry's record, asked of the registry itself; none while it does not answer.
  [[nodiscard]] std::optional<Record> record() const;
  /// Why the last record() had none.
  [[nodiscard]] const std::string& why_no_record() const { return why_no_record_; }
  [[nodiscard]] std::vector<process::Identity> members() const {
    return process::members({.supervisor = 0, .directory = data_});
  }
  /// The pid of a unit, by its supervisor; 0 if it does not run.
  [[nodiscard]] pid_t pid_of(const std::string& domain, const std::string& unit) const;
  /// The region that answers at the public ingress; "" if none does.
  [[nodiscard]] std::string serving() const;
  /// Buys a seat; false and why unless it was acknowledged. A repeated key is the same order.
  [[nodiscard]] testing::AssertionResult buy(const std::string& key) const;
  /// The order is known to whoever serves now.
  [[nodiscard]] bool bought(const std::string& key) const;

  /// Notes by which key each database's segment would be found, while its folder is there.
  void note_segments();
  /// What `down` must not leave: processes, the memory folder, segments, the data folder. Empty if
  /// nothing is left.
  [[nodiscard]] std::vector<std::string> left_behind() const;

 private:
  [[nodiscard]] const Site* site() const;

  const Folder folder_;
  const std::string data_;
  Topology topology_;
  std::unique_ptr<Layout> layout_;
  std::unique_ptr<Clock> clock_;
  http::Client http_;
  mutable std::unique_ptr<Site> site_;
  mutable std::unique_ptr<ControlClient> registry_;
  mutable std::string why_no_record_;
  std::set<std::uint32_t> segment_keys_;
};

}  // namespace understudy
