// Whether a record holds, after somebody has been at it.

#include "record/verification.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>

#include "authority.h"
#include "record/canonical.h"
#include "tale.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ARecord : public testing::Test {
 protected:
  ARecord() : text_(recorded(tale_.material, authority_.signer())) {}

  [[nodiscard]] Verification verified(const std::string& text) const {
    return verify(text, authority_.certificate());
  }
  /// "" if it holds; else what is wrong first.
  [[nodiscard]] std::string wrong(const std::string& text) const {
    for (const Check& check : verified(text).checks) {
      if (check.verdict != Verdict::holds) return std::string(check.name) + ": " + check.what;
    }
    return {};
  }
  /// The entries as they are given, chained and signed by the very key: what only its holder can.
  [[nodiscard]] std::string forged(const std::vector<Entry>& entries) const {
    Chain chain{std::string(kGenesis)};
    for (const Entry& entry : entries) chain.append(entry.kind, entry.content);
    return chain.text() + *authority_.signer().sign(chain.hash()) + "\n";
  }

  const TestAuthority authority_;
  const Tale tale_ = tale_of_a_failover();
  const std::string text_;
};

}  // namespace

TEST_F(ARecord, that_nobody_touched_holds_and_says_what_it_is) {
  const Verification found = verified(text_);
  EXPECT_EQ(wrong(text_), "");
  EXPECT_TRUE(found.holds());
  EXPECT_EQ(found.checks.size(), 5U);
  EXPECT_EQ(found.summary.execution, "failover-shop-1");
  EXPECT_EQ(found.summary.platform, "shop");
  EXPECT_EQ(found.summary.status, "SUCCEEDED");
  EXPECT_EQ(found.summary.number, 1U);
  ASSERT_EQ(found.summary.answers.size(), 1U);
  EXPECT_EQ(found.summary.answers[0].by, "ada");
  EXPECT_EQ(found.summary.hash, signed_hash(text_));
}

/// A bit of every third byte, and of every byte of the signature's line; then every bit of some.
TEST_F(ARecord, holds_no_more_when_any_byte_is_another) {
  std::string text = text_;
  const auto flip = [&](std::size_t at, unsigned bit) {
    const char was = text[at];
    text[at] = static_cast<char>(static_cast<unsigned char>(was) ^ (1U << bit));
    EXPECT_FALSE(verified(text).holds()) << "byte " << at << ", bit " << bit;
    text[at] = was;
  };
  const std::size_t signature = text.rfind('\n', text.size() - 2);
  for (std::size_t at = 0; at < text.size() && !HasFailure(); at += at < signature ? 3 : 1)
    flip(at, static_cast<unsigned>(at / 3 % 8));
  for (std::size_t at = 0; at < text.size() && !HasFailure(); at += 197) {
    for (unsigned bit = 0; bit < 8; ++bit) flip(at, bit);
  }
  EXPECT_EQ(wrong(text), "");
}

TEST_F(ARecord, cut_off_anywhere_does_not_hold) {
  for (std::size_t length = 0; length < text_.size() && !HasFailure(); length += 13)
    EXPECT_FALSE(verified(text_.substr(0, length)).holds()) << length;
  EXPECT_THAT(wrong(text_.substr(0, text_.size() - 1)), HasSubstr("cut off"));
  auto lines = lines_in(text_);
  lines.pop_back();
  EXPECT_THAT(wrong(joined(lines)), HasSubstr("cut off"));
  EXPECT_THAT(wrong(""), HasSubstr("empty"));
}

TEST_F(ARecord, without_one_of_its_entries_does_not_hold) {
  for (std::size_t at = 0; at < lines_in(text_).size(); ++at) {
    auto lines = lines_in(text_);
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_NE(wrong(joined(lines)), "") << at;
  }
}

TEST_F(ARecord, with_two_entries_in_each_others_place_does_not_hold) {
  for (std::size_t at = 0; at + 1 < lines_in(text_).size(); ++at) {
    auto lines = lines_in(text_);
    std::swap(lines[at], lines[at + 1]);
    EXPECT_NE(wrong(joined(lines)), "") << at;
  }
}

TEST_F(ARecord, with_one_entry_more_does_not_hold) {
  for (std::size_t at = 0; at < lines_in(text_).size(); ++at) {
    auto lines = lines_in(text_);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[at]);
    EXPECT_NE(wrong(joined(lines)), "") << at;
  }
  EXPECT_NE(wrong(text_ + text_), "");
  EXPECT_NE(wrong(text_ + "\n"), "");
}

TEST_F(ARecord, names_the_first_entry_that_is_wrong) {
  auto lines = lines_in(text_);
  lines[7].replace(lines[7].find("\"content\":{"), 11, "\"content\":{\"a\":1,");
  EXPECT_THAT(wrong(joined(lines)), StartsWith("chain: entry 7 was altered"));
}

TEST_F(ARecord, signed_by_another_authority_does_not_hold) {
  const TestAuthority other;
  EXPECT_THAT(wrong(recorded(tale_.material, other.signer())), StartsWith("certificate: "));
}

TEST_F(ARecord, does_not_hold_if_nobody_is_named_who_vouches) {
  const Verification found = verify(text_, std::nullopt);
  EXPECT_FALSE(found.holds());
  EXPECT_EQ(found.checks.back().verdict, Verdict::unknown);
}

TEST_F(ARecord, whose_history_the_document_does_not_lead_to_does_not_hold_though_well_signed) {
  auto entries = verified(text_).entries;
  for (Entry& entry : entries) {
    auto* type = entry.content.if_contains("type");
    if (type != nullptr && *type == "WaitStateExited") *type = "PassStateExited";
  }
  EXPECT_THAT(wrong(forged(entries)), StartsWith("replay: "));
}

TEST_F(ARecord, whose_end_is_not_where_the_document_leads_does_not_hold_though_well_signed) {
  auto entries = verified(text_).entries;
  entries.back().content["status"] = "FAILED";
  EXPECT_THAT(wrong(forged(entries)), HasSubstr("leads to SUCCEEDED, not to FAILED"));
}

TEST_F(ARecord, of_which_the_last_events_are_left_out_does_not_hold_though_well_signed) {
  auto entries = verified(text_).entries;
  const auto last = std::ranges::find_if(
      entries.rbegin(), entries.rend(), [](const Entry& entry) { return entry.kind == "history"; });
  entries.erase(std::next(last).base());
  entries.back().content["entries"] = entries.size();
  EXPECT_THAT(wrong(forged(entries)), StartsWith("replay: "));
}

TEST_F(ARecord, with_another_document_does_not_hold_though_well_signed) {
  auto entries = verified(text_).entries;
  std::string document(entries.front().content.at("document").as_string());
  document.replace(document.find("\"Seconds\": 2"), 12, "\"Seconds\": 3");
  entries.front().content["document"] = document;
  EXPECT_THAT(wrong(forged(entries)), StartsWith("document: "));
  entries.front().content["document_sha256"] = sha256(document);
  EXPECT_THAT(wrong(forged(entries)), StartsWith("replay: "));
}

TEST_F(ARecord, of_another_shape_is_none_though_well_signed) {
  const auto entries = verified(text_).entries;
  auto other = entries;
  other.front().content["format"] = "something else";
  EXPECT_THAT(wrong(forged(other)), HasSubstr("entry 0 is not the start"));
  other = entries;
  other[3].kind = "gossip";
  EXPECT_THAT(wrong(forged(other)), HasSubstr("entry 3 may not be of the kind"));
  other = entries;
  other.erase(other.end() - 2);
  EXPECT_NE(wrong(forged(other)), "");
  other = entries;
  other.back().content["entries"] = 1;
  EXPECT_THAT(wrong(forged(other)), HasSubstr("says that there are 1 entries"));
  EXPECT_NE(wrong(forged({entries.front()})), "");
}

TEST_F(ARecord, of_a_document_that_draws_chance_holds_without_its_replay) {
  std::string document = tale_.material.document;
  document.replace(document.find("\"IntervalSeconds\": 1"), 20,
                   "\"IntervalSeconds\": 1, \"JitterStrategy\": \"FULL\"");
  const Tale tale = tale_of_a_failover("failover-shop-1", document);
  const Verification found = verified(recorded(tale.material, authority_.signer()));
  EXPECT_TRUE(found.holds());
  const auto replay = std::ranges::find(found.checks, "replay", &Check::name);
  ASSERT_NE(replay, found.checks.end());
  EXPECT_EQ(replay->verdict, Verdict::unknown);
}

namespace {

class Records : public ARecord {
 protected:
  /// Three of them, each naming the one before.
  Records() {
    Place place;
    for (const char* execution : {"failover-shop-1", "failover-shop-2", "failover-shop-3"}) {
      Tale tale = tale_of_a_failover(execution);
      tale.material.place = place;
      const Verification found = verified(recorded(tale.material, authority_.signer()));
      EXPECT_TRUE(found.holds());
      all_.push_back(found.summary);
      place = {place.number + 1, found.summary.hash, found.summary.execution};
    }
  }
  std::vector<Summary> all_;
};

}  // namespace

TEST_F(Records, that_follow_each_other_have_no_gap_in_whatever_order_they_are_given) {
  EXPECT_THAT(gaps_between(all_), IsEmpty());
  std::ranges::reverse(all_);
  EXPECT_THAT(gaps_between(all_), IsEmpty());
  EXPECT_THAT(gaps_between(std::vector{all_[1], all_[1]}), IsEmpty());
}

TEST_F(Records, of_which_the_first_or_the_last_are_not_given_have_no_gap_that_could_be_seen) {
  EXPECT_THAT(gaps_between(std::vector{all_[1], all_[2]}), IsEmpty());
  EXPECT_THAT(gaps_between(std::vector{all_[0], all_[1]}), IsEmpty());
}

TEST_F(Records, of_which_one_is_missing_have_a_gap) {
  EXPECT_THAT(gaps_between(std::vector{all_[0], all_[2]}),
              ElementsAre(HasSubstr("1 of shop missing between record 1 (failover-shop-1) and "
                                    "record 3 (failover-shop-3)")));
}

TEST_F(Records, of_which_one_was_made_anew_have_a_gap) {
  all_[1].hash = std::string(64, '0');
  EXPECT_THAT(gaps_between(all_), ElementsAre(HasSubstr("follows another one")));
  all_[1] = all_[0];
  all_[1].hash = std::string(64, '0');
  EXPECT_THAT(gaps_between(std::vector{all_[0], all_[1]}),
              ElementsAre(HasSubstr("claim the same place")));
}

TEST_F(Records, of_another_platform_are_another_chain) {
  Summary other = all_[0];
  other.platform = "cinema";
  all_.push_back(other);
  EXPECT_THAT(gaps_between(all_), IsEmpty());
}

TEST_F(Records, whose_first_follows_something_are_no_beginning) {
  all_[0].previous = std::string(64, '0');
  EXPECT_FALSE(gaps_between(std::vector{all_[0]}).empty());
}

}  // namespace understudy::record
