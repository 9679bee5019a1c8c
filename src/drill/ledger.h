#pragma once
// What the clients of a drill did and saw, in their own file: the evidence a verdict rests on.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/instant.h"

namespace understudy::drill {

/// One try of one order. An order is its idempotency key; `number` counts its tries from 1.
/// `scheduled` is when the buyer came (for a retry: when the retry was due), not when we got to it.
struct Attempt {
  std::string key;
  unsigned number = 1;
  std::int64_t event = 0;
  std::optional<std::int64_t> seat;  ///< none: best available
  std::string url;
  Instant scheduled;
  Instant sent;
};

/// The client was told that it has the seat. `epoch` is 0 where the service knows of none.
struct Acknowledgement {
  std::string key;
  unsigned number = 1;
  unsigned status = 0;  ///< 201 sold, 200 sold before under this key
  std::string order;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t epoch = 0;
  std::string region;
  Instant received;
};

/// The client was told, or knows, that this try changed nothing. Status 0: it was never sent.
struct Refusal {
  std::string key;
  unsigned number = 1;
  unsigned status = 0;
  std::string reason;
  Instant received;
};

/// The client cannot know: cut, timed out, or told so. Status 0: there was no whole answer.
struct UnknownOutcome {
  std::string key;
  unsigned number = 1;
  unsigned status = 0;
  std::string reason;
  Instant received;
};

struct PageRead {
  std::string path;
  bool ok = false;
  unsigned status = 0;
  std::string reason;  ///< "" if ok
  Instant scheduled;
  Instant received;
};

/// Something the drill itself did: "fault", "healed", ...
struct Mark {
  std::string name;
  Instant at;
};

/// The clients themselves were held up: around `at` their times are coarser by `length`.
struct Stall {
  Duration length{};
  Instant at;
};

/// A ledger read back: each kind in the order in which it was written.
struct Ledger {
  std::vector<Attempt> attempts;
  std::vector<Acknowledgement> acknowledgements;
  std::vector<Refusal> refusals;
  std::vector<UnknownOutcome> unknowns;
  std::vector<PageRead> pages;
  std::vector<Mark> marks;
  std::vector<Stall> stalls;
  bool torn = false;  ///< the last line was incomplete, and left out

  /// When the mark of that name was first set; none if it never was.
  [[nodiscard]] std::optional<Instant> marked(std::string_view name) const;
};

/// Appends to a ledger: one JSON object a line, one write a line, in the file when the call
/// returns. It survives a kill of this process at any time, not a loss of the host's power.
///
/// Thread-safe. Errors (full disk): final and lasting, for a ledger with a gap is no evidence; stop
/// the drill.
class LedgerWriter {
 public:
  /// Makes a new file (0600); one that exists is refused, so that no evidence is mixed.
  [[nodiscard]] static Result<std::unique_ptr<LedgerWriter>> create(
      const std::filesystem::path& file);
  ~LedgerWriter();
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;

  Result<Done> write(const Attempt& attempt);
  Result<Done> write(const Acknowledgement& acknowledgement);
  Result<Done> write(const Refusal& refusal);
  Result<Done> write(const UnknownOutcome& unknown);
  Result<Done> write(const PageRead& page);
  Result<Done> write(const Mark& mark);
  Result<Done> write(const Stall& stall);

 private:
  struct State;
  explicit LedgerWriter(std::unique_ptr<State> state);
  Result<Done> append(std::string line);
  std::unique_ptr<State> state_;
};

/// Reads a ledger. A torn last line is left out and said so; anything else that is no ledger line
/// is an error that names the line.
[[nodiscard]] Result<Ledger> read_ledger(const std::filesystem::path& file);

/// The same from text; `name` stands for the file in errors.
[[nodiscard]] Result<Ledger> parse_ledger(std::string_view text, std::string_view name);

}  // namespace understudy::drill
