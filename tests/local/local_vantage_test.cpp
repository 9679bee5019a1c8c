// What a vantage asks of a region, and what it spares: the databases are real, way in and services
// are played.

#include "local/local_vantage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "region_pair.h"
#include "stub_origin.h"

namespace understudy {
namespace {

constexpr const char* kRegion = RegionPair::kHome;

class ALook : public testing::Test {
 protected:
  ALook() {
    for (const Service& service : layout_.topology().services) {
      if (service.listens && service.instances_standby > 0)
        services_.push_back(
            std::make_unique<StubOrigin>(layout_.service(kRegion, service.name, 0)));
    }
  }

  Sighting look() {
    const auto seen = vantage_.look(kRegion, pair_.soon(milliseconds(1000)));
    EXPECT_TRUE(seen.ok());
    return seen ? *seen : Sighting{};
  }
  /// How often a service was asked; the one that was asked least.
  [[nodiscard]] std::size_t services_asked() const {
    std::size_t least = SIZE_MAX;
    for (const auto& service : services_) least = std::min(least, service->asked().size());
    return least;
  }

  RegionPair pair_;
  const Layout& layout_ = pair_.layout();
  StubOrigin way_in_{layout_.load_balancer(kRegion)};
  std::vector<std::unique_ptr<StubOrigin>> services_;
  LocalVantage vantage_{"edge", "127.0.0.1", layout_, pair_.secrets().probe_role, pair_.clock()};
};

TEST_F(ALook, at_a_region_that_takes_traffic_soon_after_all_was_well_asks_the_way_in_alone) {
  for (int i = 0; i < 3; ++i) {
    const Sighting seen = look();
    EXPECT_TRUE(seen.path && seen.ready && seen.services && seen.database) << seen.detail;
  }
  EXPECT_EQ(way_in_.asked().size(), 3U);
  EXPECT_EQ(services_asked(), 1U);
}

TEST_F(ALook, at_a_region_that_takes_no_traffic_asks_everything_each_time) {
  (void)look();
  way_in_.answers(503, "no");
  for (int i = 0; i < 2; ++i) {
    const Sighting seen = look();
    EXPECT_TRUE(seen.path && seen.services && seen.database) << seen.detail;
    EXPECT_FALSE(seen.ready);
  }
  EXPECT_EQ(services_asked(), 3U);
}

TEST_F(ALook, does_not_wait_for_a_silent_way_in_before_it_asks_the_others) {
  (void)look();
  way_in_.meets(Meets::in_silence);
  const Sighting seen = look();
  EXPECT_FALSE(seen.path || seen.ready);
  EXPECT_TRUE(seen.services && seen.database) << seen.detail;
}

TEST_F(ALook, sees_at_once_that_services_died_behind_a_way_in_that_says_so) {
  (void)look();
  services_.clear();
  way_in_.answers(503, "no");
  const Sighting seen = look();
  EXPECT_TRUE(seen.path && seen.database) << seen.detail;
  EXPECT_FALSE(seen.ready || seen.services);
}

class AWatch : public ALook {
 protected:
  Watched watch() {
    const auto watched = vantage_.watch(
        kRegion,
        {.every = milliseconds(100), .at_once = milliseconds(500), .longest = milliseconds(350)});
    EXPECT_TRUE(watched.ok());
    return watched ? *watched : Watched{};
  }
};

TEST_F(AWatch, of_a_region_that_takes_traffic_asks_the_way_in_each_time_and_what_is_inside_once) {
  const Watched watched = watch();
  EXPECT_FALSE(watched.over);
  EXPECT_GE(watched.well_after, milliseconds(100));
  EXPECT_GE(way_in_.asked().size(), 2U);
  EXPECT_EQ(services_asked(), 1U);
}

TEST_F(AWatch, is_over_with_the_first_look_at_a_silent_way_in) {
  way_in_.meets(Meets::in_silence);
  const Watched watched = watch();
  EXPECT_TRUE(watched.over);
  EXPECT_EQ(watched.well_after, std::nullopt);
  EXPECT_EQ(services_asked(), 0U);
}

TEST_F(AWatch, is_over_when_what_is_inside_died_behind_a_way_in_that_does_not_know) {
  services_.clear();
  EXPECT_TRUE(watch().over);
}

TEST_F(AWatch, of_a_region_that_there_is_not_is_refused) {
  EXPECT_FALSE(vantage_.watch("atlantis", {}));
}

}  // namespace
}  // namespace understudy
