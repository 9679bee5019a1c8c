#pragma once
// What is sold and held: the writes, each one round trip and one transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"
#include "writer_page.h"

namespace understudy::boxoffice {

struct SeatChange {
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::string state;         ///< "free", "held" or "sold"
  std::int64_t version = 0;  ///< grows with each change of that seat
};

struct Wish {
  std::string key;  ///< the same for every try of one purchase
  std::int64_t event = 0;
  std::optional<std::int64_t> seat;  ///< none: the best one free
  std::string buyer;
  std::optional<std::string> hold;  ///< the token of the hold on that seat
};

/// What the database made of a wish; the outcomes are those of `buy` in schema.sql.
struct Sale {
  std::string outcome;
  std::string order;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t version = 0;
  std::int64_t epoch = 0;
  std::string region;

  /// There is an order that the buyer may be told of.
  [[nodiscard]] bool exists() const { return outcome == "sold" || outcome == "repeated"; }
};

struct Hold {
  std::string outcome;
  std::string token;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t version = 0;
  std::string expires_at;
};

/// outcome: refunded | already_refunded | no_order | other_epoch
struct Refund {
  std::string outcome;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t version = 0;
};

/// Thread-safe. Every write checks, in its own transaction, that the database's epoch row is that
/// of the permission and of this region: outcome "other_epoch" if not. Errors as DatabasePool::run.
class Orders {
 public:
  Orders(DatabasePool& pool, std::string region) : pool_(pool), region_(std::move(region)) {}

  [[nodiscard]] Result<Sale> buy(const Wish& wish, const Permission& permission);
  [[nodiscard]] Result<Hold> hold(const Wish& wish, std::int64_t seconds, const std::string& token,
                                  const Permission& permission);
  [[nodiscard]] Result<Hold> release(const std::string& token, const Permission& permission);
  /// Frees the seat; the order stays, marked.
  [[nodiscard]] Result<Refund> refund(std::int64_t order, const Permission& permission);
  /// outcome "sold" or "unsold".
  [[nodiscard]] Result<Sale> find(const std::string& key);

  /// True if that second's work is ours alone to do; committed when this returns.
  [[nodiscard]] Result<bool> claim_tick(std::int64_t second, const std::string& instance,
                                        const Permission& permission);
  /// The seats that were freed.
  [[nodiscard]] Result<std::vector<SeatChange>> expire_holds(std::int64_t second,
                                                             const Permission& permission);

 private:
  DatabasePool& pool_;
  const std::string region_;
};

}  // namespace understudy::boxoffice
