// Which entry is named when somebody has been at a chain.

#include "record/chain.h"

#include <gmock/gmock.h>

#include "tale.h"

namespace understudy::record {

namespace {

using testing::HasSubstr;
using testing::StartsWith;

class TheChain : public testing::Test {
 protected:
  TheChain() {
    for (const char* what : {"zero", "one", "two", "three", "four"})
      chain_.append("event", {{"what", what}});
    lines_ = lines_in(chain_.text());
  }
  [[nodiscard]] std::string broken() const {
    const std::vector<std::string_view> views(lines_.begin(), lines_.end());
    return follow(views, chain_.hash()).broken.value_or("");
  }
  void alter(std::size_t at, const std::string& from, const std::string& to) {
    lines_[at].replace(lines_[at].find(from), from.size(), to);
  }
  Chain chain_{std::string(kGenesis)};
  std::vector<std::string> lines_;
};

}  // namespace

TEST_F(TheChain, that_nobody_touched_holds) {
  EXPECT_EQ(broken(), "");
  const std::vector<std::string_view> views(lines_.begin(), lines_.end());
  const Links links = follow(views, chain_.hash());
  EXPECT_EQ(links.first_follows, "genesis");
  EXPECT_EQ(links.hash, chain_.hash());
  ASSERT_EQ(links.entries.size(), 5U);
  EXPECT_EQ(links.entries[3].content.at("what"), "three");
}

TEST_F(TheChain, names_the_entry_whose_content_was_altered) {
  alter(2, "two", "twi");
  EXPECT_THAT(broken(), StartsWith("entry 2 was altered"));
}

TEST_F(TheChain, names_the_last_entry_by_the_signature) {
  alter(4, "four", "five");
  EXPECT_EQ(broken(), "entry 4 was altered: it does not hash to what the signature says");
}

TEST_F(TheChain, names_the_entry_whose_link_was_altered) {
  const auto at = lines_[3].find("\"previous\":\"") + 12;
  lines_[3][at] = lines_[3][at] == '0' ? '1' : '0';
  EXPECT_THAT(broken(), StartsWith("entry 3 was altered"));
}

TEST_F(TheChain, misses_an_entry_that_was_taken_out) {
  lines_.erase(lines_.begin() + 2);
  EXPECT_THAT(broken(), StartsWith("entry 2 is missing"));
}

TEST_F(TheChain, misses_the_last_entry) {
  lines_.pop_back();
  EXPECT_NE(broken(), "");
}

TEST_F(TheChain, sees_two_entries_that_changed_places) {
  std::swap(lines_[1], lines_[2]);
  EXPECT_THAT(broken(), StartsWith("entry 1 is missing or out of its place"));
}

TEST_F(TheChain, sees_an_entry_that_was_put_in) {
  lines_.insert(lines_.begin() + 2, lines_[1]);
  EXPECT_THAT(broken(), StartsWith("entry 2 is missing or out of its place"));
}

TEST_F(TheChain, sees_an_entry_put_in_with_all_that_follow_numbered_anew) {
  Chain forged{std::string(kGenesis)};
  for (const char* what : {"zero", "one", "forged", "two", "three", "four"})
    forged.append("event", {{"what", what}});
  lines_ = lines_in(forged.text());
  EXPECT_THAT(broken(), HasSubstr("the signature"));
}

TEST_F(TheChain, of_no_entries_is_none) {
  lines_.clear();
  EXPECT_NE(broken(), "");
}

}  // namespace understudy::record
