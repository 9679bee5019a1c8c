#include "drill/sales.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace understudy::drill {
namespace {

using Seat = std::pair<std::int64_t, std::int64_t>;  // event, seat
using Sale = std::tuple<std::string, std::int64_t, std::int64_t>;

Sale sale_of(const Acknowledgement& sold) { return {sold.order, sold.event, sold.seat}; }
Sale sale_of(const OrderRow& row) { return {row.order, row.event, row.seat}; }

/// A database's orders by key and by seat.
struct Books {
  std::unordered_multimap<std::string, const OrderRow*> by_key;
  std::multimap<Seat, const OrderRow*> by_seat;

  explicit Books(const DatabaseView& view) {
    for (const auto& row : view.orders) {
      by_key.emplace(row.key, &row);
      if (!row.refunded) by_seat.emplace(Seat{row.event, row.seat}, &row);
    }
  }
  [[nodiscard]] bool holds(const Acknowledgement& sold) const {
    const auto [first, end] = by_key.equal_range(sold.key);
    return std::any_of(first, end,
                       [&](const auto& row) { return sale_of(*row.second) == sale_of(sold); });
  }
  [[nodiscard]] bool sold_to_another(const Acknowledgement& sold) const {
    const auto [first, end] = by_seat.equal_range(Seat{sold.event, sold.seat});
    return std::any_of(first, end, [&](const auto& row) { return row.second->key != sold.key; });
  }
};

/// An order that was acknowledged several times counts once, by its first acknowledgement that is
/// not in the books.
void judge_losses(const Scene& scene, const Books& books, Verdict& verdict) {
  Duration oldest{};
  for (const auto& story : scene.stories) {
    for (const auto& sold : story.acknowledgements) {
      if (books.holds(sold)) continue;
      const auto age = scene.end_of_old() - sold.received.boot;
      oldest = std::max(oldest, age);
      const bool resold = books.sold_to_another(sold);
      verdict.lost.push_back(
          {sold.key, sold.order, sold.event, sold.seat, sold.region, to_ms_up(age), resold});
      if (resold) ++verdict.lost_seats_resold;
      break;
    }
  }
  verdict.lost_acked = static_cast<std::int64_t>(verdict.lost.size());
  verdict.lost_max_age_ms = to_ms_up(oldest);
}

std::int64_t count_duplicates(const Scene& scene) {
  std::map<std::string, std::set<Sale>> sales;
  for (const auto& sold : scene.acknowledgements) sales[sold.key].insert(sale_of(sold));
  if (scene.survivor != nullptr) {
    std::map<std::string, std::set<Sale>> held;
    for (const auto& row : scene.survivor->orders) held[row.key].insert(sale_of(row));
    for (const auto& [key, rows] : held) {
      if (rows.size() > 1) sales[key].insert(rows.begin(), rows.end());
    }
  }
  return std::count_if(sales.begin(), sales.end(),
                       [](const auto& entry) { return entry.second.size() > 1; });
}

std::int64_t count_oversold(const Scene& scene, const Verdict& verdict) {
  std::unordered_set<std::string> gone;  // lost, or taken back
  for (const auto& order : verdict.lost) gone.insert(order.key);
  std::map<Seat, std::set<std::string>> owners;
  if (scene.survivor != nullptr) {
    for (const auto& row : scene.survivor->orders) {
      if (row.refunded)
        gone.insert(row.key);
      else
        owners[{row.event, row.seat}].insert(row.key);
    }
  }
  for (const auto& sold : scene.acknowledgements) {
    if (!gone.contains(sold.key)) owners[{sold.event, sold.seat}].insert(sold.key);
  }
  return std::count_if(owners.begin(), owners.end(),
                       [](const auto& entry) { return entry.second.size() > 1; });
}

std::int64_t count_refused_but_present(const Scene& scene) {
  std::unordered_set<std::string> held;
  for (const auto& view : scene.databases) {
    for (const auto& row : view.orders) held.insert(row.key);
  }
  return std::count_if(scene.stories.begin(), scene.stories.end(), [&](const auto& story) {
    return story.fate == Fate::refused && held.contains(story.key);
  });
}

std::int64_t count_late_writes(const Scene& scene) {
  const auto promoted_at = scene.promoted_at();
  if (!promoted_at) return 0;
  std::unordered_set<std::string> late;
  for (const auto& view : scene.databases) {
    for (const auto& row : view.orders) {
      const bool by_old = !scene.is_new({row.epoch, row.region});
      if (by_old && row.committed_at > *promoted_at) late.insert(row.key);
    }
  }
  return static_cast<std::int64_t>(late.size());
}

}  // namespace

void judge_sales(const Scene& scene, Verdict& verdict) {
  if (scene.survivor != nullptr) {
    judge_losses(scene, Books(*scene.survivor), verdict);
  } else {
    verdict.not_judged.push_back("lost orders: the database of " + scene.surviving.region +
                                 " was not read");
  }
  verdict.duplicate_orders = count_duplicates(scene);
  verdict.oversold = count_oversold(scene, verdict);
  verdict.refused_but_present = count_refused_but_present(scene);
  verdict.old_region_writes_after_promotion = count_late_writes(scene);
}

}  // namespace understudy::drill
