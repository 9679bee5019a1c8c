#include "configuration.h"

#include <gtest/gtest.h>

#include <map>

namespace understudy::boxoffice {
namespace {

using Variables = std::map<std::string, std::string>;

Variables good() {
  return {{"ROLE", "api-web"},       {"HOST", "127.0.1.1"},
          {"PORT", "7010"},          {"DATABASE_URL", "host=127.0.1.1 password=p"},
          {"REGION", "north"},       {"REDIS_URL", "redis://:p%40ss@127.0.1.1:7003"},
          {"INSTANCE", "api-web-1"}, {"UNDERSTUDY_PAGE", "/run/page"}};
}

Result<Configuration> read(const Variables& variables) {
  return read_configuration([&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Configuration, is_read) {
  const auto configuration = read(good());
  ASSERT_TRUE(configuration.ok()) << configuration.error().what;
  EXPECT_EQ(configuration->role, Role::api_web);
  EXPECT_EQ(configuration->port, 7010);
  EXPECT_EQ(configuration->redis->host, "127.0.1.1");
  EXPECT_EQ(configuration->redis->port, 7003);
  EXPECT_EQ(configuration->redis->password, "p@ss");
  EXPECT_EQ(configuration->connections, 16U);
  EXPECT_FALSE(configuration->unprotected);
}

TEST(Configuration, can_do_without_redis_and_cron_without_a_port) {
  auto variables = good();
  variables.erase("REDIS_URL");
  EXPECT_EQ(read(variables)->redis, std::nullopt);
  variables["ROLE"] = "api-cron";
  variables.erase("HOST");
  variables.erase("PORT");
  EXPECT_EQ(read(variables)->port, std::nullopt);
}

TEST(Configuration, of_the_worker_needs_no_port_and_that_of_notifications_no_database) {
  auto variables = good();
  variables["ROLE"] = "notifications";
  variables.erase("DATABASE_URL");
  EXPECT_EQ(read(variables)->role, Role::notifications);
  variables.erase("PORT");
  EXPECT_FALSE(read(variables).ok());
  variables["ROLE"] = "api-worker";
  EXPECT_FALSE(read(variables).ok());
  variables["DATABASE_URL"] = good()["DATABASE_URL"];
  EXPECT_EQ(read(variables)->port, std::nullopt);
  EXPECT_EQ(to_string(read(variables)->role), "api-worker");
}

TEST(Configuration, may_be_a_database_uri) {
  auto variables = good();
  variables["DATABASE_URL"] = "postgresql://boxoffice:p@127.0.1.1:7001/boxoffice";
  EXPECT_TRUE(read(variables).ok());
}

TEST(Configuration, the_fence_is_only_left_out_when_asked_for_by_name) {
  auto variables = good();
  variables.erase("UNDERSTUDY_PAGE");
  EXPECT_FALSE(read(variables).ok());
  variables["UNDERSTUDY_UNPROTECTED"] = "yes";
  EXPECT_FALSE(read(variables).ok());
  variables["UNDERSTUDY_UNPROTECTED"] = "1";
  EXPECT_TRUE(read(variables)->unprotected);
}

TEST(Configuration, that_is_wrong_names_the_variable) {
  const std::pair<const char*, const char*> wrong[] = {{"ROLE", ""},
                                                       {"ROLE", "api-nothing"},
                                                       {"HOST", ""},
                                                       {"PORT", ""},
                                                       {"PORT", "0"},
                                                       {"PORT", "70000"},
                                                       {"PORT", "80x"},
                                                       {"REGION", ""},
                                                       {"INSTANCE", ""},
                                                       {"DATABASE_URL", ""},
                                                       {"DATABASE_URL", "no such option=1"},
                                                       {"REDIS_URL", "http://x"},
                                                       {"REDIS_URL", "redis://:p@host"},
                                                       {"REDIS_URL", "redis://p@host:1"},
                                                       {"REDIS_URL", "redis://:p@:1"},
                                                       {"DATABASE_CONNECTIONS", "0"},
                                                       {"UNDERSTUDY_PAGE", ""}};
  for (const auto& [name, value] : wrong) {
    auto variables = good();
    variables[name] = value;
    const auto configuration = read(variables);
    ASSERT_FALSE(configuration.ok()) << name << "=" << value;
    EXPECT_TRUE(configuration.error().what.starts_with(std::string(name) + " is ") ||
                configuration.error().what.starts_with(std::string(name) + " cannot"))
        << configuration.error().what;
  }
}

}  // namespace
}  // namespace understudy::boxoffice
