#pragma once
// The registry: one record, compare-and-swap, durable before it answers. Its process may restart,
// and its answers may get lost.

#include <memory>
#include <vector>

#include "ports/registry.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class RegistryProcess {
 public:
  RegistryProcess(Stage& stage, Machine& machine, Record first);

  void start() { process_.start(); }
  /// Unless its record is lost.
  void restart();
  void lose();
  void begin_anew(const Record& record);
  /// It hears, and does, and cannot be heard.
  void set_mute(bool mute) { mute_ = mute; }

  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] const Record& record() const { return record_; }

 private:
  friend class RegistryClient;
  [[nodiscard]] Replaced replace(const Record& next);
  void await_change(std::uint64_t version, Duration longest,
                    const Network::Reply<Result<Record>>& reply);

  struct Waiting {
    std::uint64_t number = 0;
    std::uint64_t version = 0;
    Network::Reply<Result<Record>> reply;
  };

  Stage& stage_;
  Process process_;
  Record record_;
  std::vector<Waiting> waiting_;
  std::uint64_t number_ = 0;
  bool mute_ = false;
  bool lost_ = false;
};

/// The Registry port of one process.
class RegistryClient final : public Registry {
 public:
  RegistryClient(Stage& stage, Process& caller, RegistryProcess& registry)
      : stage_(stage), caller_(caller), registry_(registry) {}

  Result<Record> read(BootTime deadline) override;
  Replaced replace(const Record& next, BootTime deadline) override;
  Result<Record> await_change(std::uint64_t version, BootTime deadline) override;

 private:
  Stage& stage_;
  Process& caller_;
  RegistryProcess& registry_;
};

}  // namespace understudy::simulation
