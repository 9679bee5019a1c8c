#include "drill/service_level.h"

#include <algorithm>

namespace understudy::drill {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kBefore = std::chrono::seconds(20);

std::optional<BootTime> served_at(const OrderStory& story) {
  if (story.acknowledgements.empty()) return std::nullopt;
  const auto received = story.acknowledgements.front().received.boot;
  return received <= story.scheduled.boot + kSecond ? std::optional(received) : std::nullopt;
}

}  // namespace

ServiceLevel::ServiceLevel(const std::vector<OrderStory>& stories, BootTime fault) {
  const bool any_best_available =
      std::any_of(stories.begin(), stories.end(), [](const auto& story) { return !story.seat; });
  for (const auto& story : stories) {
    if (any_best_available && story.seat) continue;
    orders_.push_back({story.scheduled.boot, served_at(story)});
  }
  served_before_.push_back(0);
  for (const auto& order : orders_) {
    served_before_.push_back(served_before_.back() + (order.served ? 1 : 0));
  }
  const BootTime until = fault - kSecond;
  const auto first = index_from(until - kBefore);
  const auto end = index_from(until);
  before_orders_ = end - first;
  before_served_ = served_before_[end] - served_before_[first];
  if (before_orders_ > 0) before_length_ = until - orders_[first].scheduled;
}

double ServiceLevel::per_second_before() const {
  if (before_length_ <= Duration::zero()) return 0;
  return static_cast<double>(before_served_) /
         std::chrono::duration<double>(before_length_).count();
}

std::size_t ServiceLevel::index_from(BootTime from) const {
  const auto found =
      std::lower_bound(orders_.begin(), orders_.end(), from,
                       [](const Order& order, BootTime at) { return order.scheduled < at; });
  return static_cast<std::size_t>(found - orders_.begin());
}

std::optional<ServiceLevel::Second> ServiceLevel::second_from(std::size_t first) const {
  if (first >= orders_.size()) return std::nullopt;
  const BootTime ends = orders_[first].scheduled + kSecond;
  if (orders_.back().scheduled < ends) return std::nullopt;
  return Second{first, index_from(ends)};
}

bool ServiceLevel::full(Second second) const {
  const auto served = served_before_[second.end] - served_before_[second.first];
  // served / orders >= 99/100 * before_served / before_orders, in whole numbers.
  return served * before_orders_ * 100 >= 99 * before_served_ * (second.end - second.first);
}

std::optional<BootTime> ServiceLevel::first_full(BootTime from) const {
  for (auto first = index_from(from); const auto second = second_from(first); ++first) {
    if (!full(*second)) continue;
    BootTime certain = orders_[first].scheduled + kSecond;
    for (auto i = second->first; i < second->end; ++i) {
      if (orders_[i].served) certain = std::max(certain, *orders_[i].served);
    }
    return certain;
  }
  return std::nullopt;
}

std::optional<BootTime> ServiceLevel::first_not_full(BootTime from) const {
  for (auto first = index_from(from); const auto second = second_from(first); ++first) {
    if (full(*second)) continue;
    auto missed = first;
    while (orders_[missed].served) ++missed;
    return orders_[missed].scheduled;
  }
  return std::nullopt;
}

bool ServiceLevel::full_at_the_end() const {
  if (orders_.empty()) return false;
  auto first = index_from(orders_.back().scheduled - kSecond);
  if (orders_[first].scheduled > orders_.back().scheduled - kSecond && first > 0) --first;
  const auto second = second_from(first);
  return second && full(*second);
}

}  // namespace understudy::drill
