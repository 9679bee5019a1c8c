// What an agent must still know after it died.
#include "local/file_agent_store.h"

#include <gmock/gmock.h>

#include <thread>

#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

using testing::HasSubstr;

AgentState state(std::uint64_t term, std::uint64_t epoch) {
  return {.identity = "north", .term = term, .epoch = epoch};
}

TEST(AgentStore, knows_nothing_on_a_new_disk) {
  const Scratch scratch;
  const auto loaded = make_file_agent_store(scratch.file("state"))->load();
  ASSERT_EQ(why(loaded), "");
  EXPECT_EQ(*loaded, std::nullopt);
}

TEST(AgentStore, only_ever_raises_what_it_keeps) {
  const Scratch scratch;
  {
    const auto store = make_file_agent_store(scratch.file("state"));
    ASSERT_EQ(why(store->raise(state(5, 2))), "");
    ASSERT_EQ(why(store->raise(state(3, 4))), "");
  }
  const auto store = make_file_agent_store(scratch.file("state"));
  EXPECT_EQ(**store->load(), state(5, 4));
  EXPECT_EQ(mode_of(scratch.file("state")), 0600U);
}

TEST(AgentStore, does_not_forget_what_it_has_not_read_yet) {
  const Scratch scratch;
  ASSERT_EQ(why(make_file_agent_store(scratch.file("state"))->raise(state(5, 2))), "");
  ASSERT_EQ(why(make_file_agent_store(scratch.file("state"))->raise(state(1, 7))), "");
  EXPECT_EQ(**make_file_agent_store(scratch.file("state"))->load(), state(5, 7));
}

TEST(AgentStore, merges_what_several_threads_raise) {
  const Scratch scratch;
  const auto store = make_file_agent_store(scratch.file("state"));
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i <= 8; ++i)
    threads.emplace_back([&store, i] { EXPECT_EQ(why(store->raise(state(i, 9 - i))), ""); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(**make_file_agent_store(scratch.file("state"))->load(), state(8, 8));
}

TEST(AgentStore, says_whose_state_it_found) {
  const Scratch scratch;
  AgentState foreign = state(5, 2);
  foreign.identity = "south";
  ASSERT_EQ(why(make_file_agent_store(scratch.file("state"))->raise(foreign)), "");
  EXPECT_EQ((**make_file_agent_store(scratch.file("state"))->load()).identity, "south")
      << "so that north's agent can refuse it";
}

TEST(AgentStore, refuses_garbage_and_does_not_write_over_it) {
  const Scratch scratch;
  const std::string good =
      R"({"identity":"north","term":1,"fenced_term":0,"revoked_term":0,"epoch":1,"ordered_epoch":0,"version":3})";
  for (
      const std::string& text :
      {std::string(), std::string("\0\0\0\0", 4), std::string("[]"), good.substr(0, 40),
       std::string(R"({"identity":"north"})"),
       std::string(
           R"({"identity":"north","term":-1,"fenced_term":0,"revoked_term":0,"epoch":1,"ordered_epoch":0,"version":3})"),
       std::string(
           R"({"identity":7,"term":1,"fenced_term":0,"revoked_term":0,"epoch":1,"ordered_epoch":0,"version":3})")}) {
    ASSERT_EQ(why(file::write_durably(scratch.file("state"), text)), "");
    const auto store = make_file_agent_store(scratch.file("state"));
    EXPECT_THAT(why(store->load()), HasSubstr(scratch.file("state"))) << text;
    EXPECT_THAT(why(store->raise(state(1, 1))), HasSubstr("move the file away")) << text;
    EXPECT_EQ(text_of(scratch.file("state")), text);
  }
  ASSERT_EQ(why(file::write_durably(scratch.file("state"), good)), "");
  EXPECT_EQ(why(make_file_agent_store(scratch.file("state"))->load()), "");
}

TEST(AgentStore, says_so_when_it_cannot_write) {
  const Scratch scratch;
  const auto store = make_file_agent_store(scratch.file("missing/state"));
  EXPECT_THAT(why(store->raise(state(1, 1))), HasSubstr(scratch.file("missing/state")));
}

}  // namespace
}  // namespace understudy
