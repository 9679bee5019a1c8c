#include "states/execution.h"

#include <boost/json.hpp>

#include "states/fold.h"

namespace understudy::states {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::running: return "RUNNING";
    case Status::succeeded: return "SUCCEEDED";
    case Status::failed: return "FAILED";
    case Status::timed_out: return "TIMED_OUT";
    case Status::aborted: return "ABORTED";
  }
  return "RUNNING";
}

Execution::Execution(std::shared_ptr<const Machine> machine, ExecutionInfo info)
    : fold_(std::make_unique<Fold>(std::move(machine), std::move(info))) {}

Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;
Execution& Execution::operator=(Execution&&) noexcept = default;

Advanced Execution::advance(Stimulus stimulus, WallTime now) {
  return fold_->advance(std::move(stimulus), now);
}

std::vector<Command> Execution::outstanding() const { return fold_->outstanding(); }

std::vector<std::string> Execution::open_tokens() const { return fold_->open_tokens(); }

const std::vector<std::string>& Execution::given_tokens() const { return fold_->given_tokens(); }

Status Execution::status() const {
  return fold_->finished() ? fold_->finished()->status : Status::running;
}

const std::optional<command::Finished>& Execution::finished() const { return fold_->finished(); }

const ExecutionInfo& Execution::info() const { return fold_->info(); }

}  // namespace understudy::states
