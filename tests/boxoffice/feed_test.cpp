#include <signal.h>

#include "raw_client.h"
#include "stack.h"

namespace understudy::test {
namespace {

class Feed : public Stack {
 protected:
  std::string key(const std::string& name) const { return name + "-" + std::to_string(event()); }
  std::string target() const { return "/feed?event=" + std::to_string(event()); }
  std::string change(int seat, const std::string& state, int version) const {
    return R"({"type":"seat","event":)" + std::to_string(event()) + R"(,"seat":)" +
           std::to_string(seat) + R"(,"state":")" + state + R"(","version":)" +
           std::to_string(version) + "}";
  }
  std::unique_ptr<Boxoffice> web_ = start_web();
};

TEST_F(Feed, begins_with_a_snapshot_and_goes_on_with_changes) {
  RawClient reader(web_->port());
  reader.upgrade(target());
  const auto snapshot = reader.message();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_TRUE(snapshot->starts_with(R"({"type":"snapshot")")) << snapshot->substr(0, 100);
  EXPECT_NE(snapshot->find(R"([50,"free",0])"), std::string::npos);
  EXPECT_EQ(web_->buy(key("a"), event(), 9).status, 201U);
  EXPECT_EQ(reader.message(), change(9, "sold", 1));
  const auto held = web_->post(
      "/api/holds", R"({"buyer":"a","seat":10,"event":)" + std::to_string(event()) + "}");
  EXPECT_EQ(reader.message(), change(10, "held", 1));
  EXPECT_EQ(web_->remove("/api/holds/" + held.text("hold")).status, 204U);
  EXPECT_EQ(reader.message(), change(10, "free", 2));
}

TEST_F(Feed, reaches_the_readers_of_the_regions_other_processes) {
  const auto other = start_web();
  RawClient reader(other->port());
  reader.upgrade(target());
  ASSERT_TRUE(reader.message().has_value());
  // The other process may not listen to Redis yet. The first sale is heard of in any case: as a
  // change, or in the snapshot that is sent anew once it listens. From then on it does listen.
  EXPECT_EQ(web_->buy(key("first"), event(), 1).status, 201U);
  std::optional<std::string> heard;
  do heard = reader.message();
  while (heard && heard != change(1, "sold", 1) &&
         heard->find(R"([1,"sold",1])") == std::string::npos);
  ASSERT_TRUE(heard.has_value());
  EXPECT_EQ(web_->buy(key("second"), event(), 2).status, 201U);
  do heard = reader.message();
  while (heard && heard->starts_with(R"({"type":"snapshot")"));
  EXPECT_EQ(heard, change(2, "sold", 1));
}

TEST_F(Feed, a_lost_redis_costs_no_sale_and_is_found_again) {
  const auto other = start_web();
  RawClient reader(other->port());
  reader.upgrade(target());
  ASSERT_TRUE(reader.message().has_value());
  redis().stop();
  EXPECT_EQ(web_->buy(key("dark"), event(), 1).status, 201U);
  redis().start();
  // Upon its return the reader gets a new snapshot, with what was missed.
  std::optional<std::string> heard;
  do heard = reader.message();
  while (heard && heard->find(R"([1,"sold",1])") == std::string::npos);
  EXPECT_TRUE(heard.has_value());
}

TEST_F(Feed, sends_its_readers_away_when_the_lease_ends) {
  RawClient reader(web_->port());
  reader.upgrade(target());
  ASSERT_TRUE(reader.message().has_value());
  page_.close();
  EXPECT_EQ(reader.message(), std::nullopt);
  RawClient late(web_->port());
  late.upgrade(target());
  EXPECT_EQ(late.message(), std::nullopt);
}

TEST_F(Feed, of_what_does_not_exist_is_closed) {
  for (const char* nowhere : {"/feed?event=999999", "/feed", "/feed?event=x", "/other?event=1"}) {
    RawClient reader(web_->port());
    reader.upgrade(nowhere);
    EXPECT_EQ(reader.message(), std::nullopt) << nowhere;
  }
}

}  // namespace
}  // namespace understudy::test
