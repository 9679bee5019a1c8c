// Following what a process writes down while it does.

#include "drill/event_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace understudy::drill {
namespace {

class Following : public testing::Test {
 protected:
  Following() : file_(testing::TempDir() + "events." + std::to_string(getpid())) {
    write("{\"event\":\"of before\"}\n");
    tail_.emplace(file_);
  }
  ~Following() override { std::filesystem::remove(file_); }

  void write(const std::string& text) const { std::ofstream(file_, std::ios::app) << text; }
  std::string read() {
    std::string names;
    for (const auto& event : tail_->next()) names += text_at(event, "event") + ";";
    return names;
  }

 private:
  std::string file_;
  std::optional<EventTail> tail_;
};

TEST_F(Following, begins_where_the_file_ends) {
  EXPECT_EQ(read(), "");
  write("{\"event\":\"one\"}\n{\"event\":\"two\"}\n");
  EXPECT_EQ(read(), "one;two;");
  EXPECT_EQ(read(), "");
}

TEST_F(Following, waits_for_the_rest_of_a_line) {
  write("{\"event\":");
  EXPECT_EQ(read(), "");
  write("\"one\"}");
  EXPECT_EQ(read(), "");
  write("\n");
  EXPECT_EQ(read(), "one;");
}

// Whoever wrote it was killed, and another one goes on.
TEST_F(Following, leaves_out_a_line_that_was_cut) {
  write("{\"event\":\"o{\"event\":\"two\"}\n{\"event\":\"three\"}\n");
  EXPECT_EQ(read(), "three;");
}

}  // namespace
}  // namespace understudy::drill
