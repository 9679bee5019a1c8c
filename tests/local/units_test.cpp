// The supervisor's file.
#include "local/units.h"

#include <gmock/gmock.h>

#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

using testing::HasSubstr;

TEST(Units, come_back_from_their_file_as_they_were) {
  const Scratch scratch;
  const Unit unit{.name = "api-web.0",
                  .group = "api-web",
                  .command = {"/bin/echo", "a b", "\"quoted\"", ""},
                  .environment = {{"EMPTY", ""}, {"URL", "redis://:x@127.0.1.1:7379"}},
                  .directory = "/some where",
                  .log_file = "/log",
                  .stop_signal = SIGINT,
                  .death_signal = SIGQUIT,
                  .wanted = false};
  ASSERT_EQ(why(save_units({unit, Unit{.name = "other", .command = {"/bin/true"}}},
                           scratch.file("units.json"))),
            "");
  EXPECT_EQ(mode_of(scratch.file("units.json")), 0600U);
  const auto units = load_units(scratch.file("units.json"));
  ASSERT_EQ(why(units), "");
  ASSERT_EQ(units->size(), 2U);
  const Unit& back = units->front();
  EXPECT_EQ(back.name, unit.name);
  EXPECT_EQ(back.group, unit.group);
  EXPECT_EQ(back.command, unit.command);
  EXPECT_EQ(back.environment, unit.environment);
  EXPECT_EQ(back.directory, unit.directory);
  EXPECT_EQ(back.log_file, unit.log_file);
  EXPECT_EQ(back.stop_signal, SIGINT);
  EXPECT_EQ(back.death_signal, SIGQUIT);
  EXPECT_FALSE(back.wanted);
  EXPECT_TRUE(units->back().wanted);
}

TEST(Units, a_spoiled_file_is_refused_and_named) {
  const Scratch scratch;
  const std::string path = scratch.file("units.json");
  for (const char* text : {"", "{}", "[1]", R"([{"name":"x"}])", "[{\"name\":"}) {
    ASSERT_EQ(why(file::write_durably(path, text)), "");
    EXPECT_THAT(why(load_units(path)), HasSubstr(path)) << text;
  }
  EXPECT_THAT(why(load_units(scratch.file("missing"))), HasSubstr("No such file"));
}

TEST(Units, nobody_supervises_a_folder_whose_supervisor_is_gone) {
  const Scratch scratch;
  const std::string path = scratch.file("supervisor.json");
  EXPECT_EQ(supervisor_of(scratch.folder()), 0);
  for (const char* text :
       {"", "[]", "{}", R"({"pid":1})", R"({"pid":1,"started":7})", R"({"pid":"1","started":0})"}) {
    ASSERT_EQ(why(file::write_durably(path, text)), "");
    EXPECT_EQ(supervisor_of(scratch.folder()), 0) << text;
  }
}

}  // namespace
}  // namespace understudy
