#include "drill/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>

#include "drill/ledger_text.h"

namespace understudy::drill {

struct LedgerWriter::State {
  std::filesystem::path path;
  int file = -1;
  std::mutex mutex;
  std::optional<Error> failed;  ///< under mutex
};

std::optional<Instant> Ledger::marked(std::string_view name) const {
  for (const auto& mark : marks) {
    if (mark.name == name) return mark.at;
  }
  return std::nullopt;
}

LedgerWriter::LedgerWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

LedgerWriter::~LedgerWriter() { ::close(state_->file); }

Result<std::unique_ptr<LedgerWriter>> LedgerWriter::create(const std::filesystem::path& file) {
  const int opened =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (opened < 0) {
    return Error{After::unchanged_final,
                 fmt::format("ledger {}: cannot be made: {}", file.string(), std::strerror(errno))};
  }
  auto state = std::make_unique<State>();
  state->path = file;
  state->file = opened;
  return std::unique_ptr<LedgerWriter>(new LedgerWriter(std::move(state)));
}

Result<Done> LedgerWriter::append(std::string line) {
  line += '\n';
  const std::lock_guard lock(state_->mutex);
  if (state_->failed) return *state_->failed;
  std::string_view left = line;
  while (!left.empty()) {
    const auto written = ::write(state_->file, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      state_->failed =
          Error{After::unchanged_final, fmt::format("ledger {}: {}; the drill cannot go on without",
                                                    state_->path.string(), std::strerror(errno))};
      return *state_->failed;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return Done{};
}

Result<Done> LedgerWriter::write(const Attempt& attempt) { return append(to_line(attempt)); }
Result<Done> LedgerWriter::write(const Acknowledgement& acknowledgement) {
  return append(to_line(acknowledgement));
}
Result<Done> LedgerWriter::write(const Refusal& refusal) { return append(to_line(refusal)); }
Result<Done> LedgerWriter::write(const UnknownOutcome& unknown) { return append(to_line(unknown)); }
Result<Done> LedgerWriter::write(const PageRead& page) { return append(to_line(page)); }
Result<Done> LedgerWriter::write(const Mark& mark) { return append(to_line(mark)); }
Result<Done> LedgerWriter::write(const Stall& stall) { return append(to_line(stall)); }

Result<Ledger> parse_ledger(std::string_view text, std::string_view name) {
  Ledger ledger;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    const bool last_and_open = end == std::string_view::npos;
    text.remove_prefix(last_and_open ? text.size() : end + 1);
    // A kill may have cut the last line short; it is tried apart, so that half a record adds
    // nothing.
    if (last_and_open) {
      Ledger alone;
      ledger.torn = !add_line(line, alone);
      if (ledger.torn) break;
    }
    if (auto added = add_line(line, ledger); !added) {
      return within(fmt::format("{}:{}", name, number), added.error());
    }
  }
  return ledger;
}

Result<Ledger> read_ledger(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{After::unchanged_final,
                 fmt::format("ledger {}: cannot be read: {}", file.string(), std::strerror(errno))};
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return parse_ledger(text, file.string());
}

}  // namespace understudy::drill
