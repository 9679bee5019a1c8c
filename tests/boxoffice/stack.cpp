#include "stack.h"

#include <signal.h>

#include "local/render.h"

namespace understudy::test {
namespace {

/// What `understudy up` makes in the application's database.
std::string understudys_schema() {
  Topology topology;
  topology.platform = "boxoffice";
  topology.regions = {{"north", "127.0.1.1"}, {"south", "127.0.2.1"}};
  topology.home = "north";
  topology.database.name = topology.database.application_role = "boxoffice";
  return bootstrap_database(Layout(topology, "/nonexistent"));
}

/// Started by the first test that needs them, ended with the program.
struct Servers {
  ScratchPostgres database;
  ScratchRedis redis;

  Servers() {
    database.run("CREATE ROLE understudy");
    database.run("GRANT pg_monitor TO understudy;" + understudys_schema());
    auto session = postgres::Connection::open(database.as_application(), 5s);
    EXPECT_TRUE(session.ok());
    auto made = session->run_script(read_file(BOXOFFICE_SCHEMA), 60s);
    EXPECT_TRUE(made.ok()) << made.error().what;
    database.run("INSERT INTO understudy.epoch (epoch, region, term) VALUES (7, 'north', 1)");
  }
};

std::unique_ptr<Servers>& servers_slot() {
  static std::unique_ptr<Servers> servers;
  return servers;
}

Servers& servers() {
  auto& slot = servers_slot();
  if (!slot) slot = std::make_unique<Servers>();
  return *slot;
}

class EndServers : public testing::Environment {
  void TearDown() override { servers_slot().reset(); }
};
const auto* const kEndServers = testing::AddGlobalTestEnvironment(new EndServers);

}  // namespace

Page::Page(const std::string& path) {
  EXPECT_EQ(understudy_open_page(&writer_, path.c_str()), 0);
  promise_.incarnation = 1;
}
Page::~Page() { understudy_release_page(&writer_); }

void Page::open_endless(std::uint64_t epoch, std::uint64_t term) {
  promise_.epoch = epoch;
  promise_.term = term;
  promise_.endless = 1;
  understudy_write_promise(&writer_, &promise_);
}

void Page::open_for(std::chrono::milliseconds length, std::uint64_t epoch, std::uint64_t term) {
  const std::int64_t ns = std::chrono::nanoseconds(length).count();
  promise_.epoch = epoch;
  promise_.term = term;
  promise_.endless = 0;
  promise_.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + ns;
  promise_.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) + ns;
  understudy_write_promise(&writer_, &promise_);
}

void Page::close() { understudy_close_page(&writer_, &promise_); }

std::string Answer::text(std::string_view name) const {
  const auto* found =
      body.is_object() ? body.as_object().if_contains({name.data(), name.size()}) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->as_string().c_str()) : "";
}

std::int64_t Answer::number(std::string_view name) const {
  const auto* found =
      body.is_object() ? body.as_object().if_contains({name.data(), name.size()}) : nullptr;
  return found != nullptr && found->is_int64() ? found->as_int64() : -1;
}

Boxoffice::Boxoffice(std::map<std::string, std::string> environment, const std::string& output)
    : output_(output),
      port_(environment.contains("PORT")
                ? static_cast<std::uint16_t>(std::stoi(environment["PORT"]))
                : std::uint16_t{0}),
      process_({.words = {BOXOFFICE_PROGRAM},
                .environment = std::move(environment),
                .output = output,
                .errors = output}) {}

Answer Boxoffice::send(http::Request request, const std::string& path) const {
  auto sent = client_.send("http://127.0.0.1:" + std::to_string(port_) + path, request, 20s);
  Answer answer;
  if (!sent) {
    answer.error = sent.error();
    return answer;
  }
  answer.status = sent->status;
  boost::json::error_code no_json;
  answer.body = boost::json::parse(sent->body, no_json);
  answer.response = std::move(*sent);
  return answer;
}

Answer Boxoffice::get(const std::string& path) const { return send({.method = "GET"}, path); }
Answer Boxoffice::remove(const std::string& path) const { return send({.method = "DELETE"}, path); }
Answer Boxoffice::post(const std::string& path, const std::string& body,
                       const std::string& key) const {
  http::Request request{.method = "POST", .body = body};
  if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
  return send(std::move(request), path);
}
Answer Boxoffice::buy(const std::string& key, int event, int seat) const {
  std::string body = R"({"buyer":"test","event":)" + std::to_string(event);
  if (seat > 0) body += ",\"seat\":" + std::to_string(seat);
  return post("/api/orders", body + "}", key);
}

Stack::Stack() : page_(folder_.path() + "/page") {
  static int events = 1000;
  event_ = ++events;
  const std::string id = std::to_string(event_);
  database().run("INSERT INTO events VALUES (" + id + ", 'Test <" + id +
                 ">', 'Hall', now()); INSERT INTO seats (event, seat) SELECT " + id +
                 ", n FROM generate_series(1, 50) n");
  set_epoch_row(7, "north");
  page_.open_endless(7);
}

Stack::~Stack() = default;

ScratchPostgres& Stack::database() { return servers().database; }
ScratchRedis& Stack::redis() { return servers().redis; }

std::int64_t Stack::orders() const {
  return database().count("SELECT count(*) FROM orders WHERE event = " + std::to_string(event_));
}

std::map<std::string, std::string> Stack::environment(const std::string& role) const {
  return {{"ROLE", role},
          {"HOST", "127.0.0.1"},
          {"PORT", std::to_string(free_port())},
          {"DATABASE_URL", database().as_application()},
          {"REDIS_URL", redis().url()},
          {"REGION", "north"},
          {"INSTANCE", role + "-" + std::to_string(started_ + 1)},
          {"UNDERSTUDY_PAGE", folder_.path() + "/page"}};
}

std::unique_ptr<Boxoffice> Stack::start(std::map<std::string, std::string> environment) {
  ++started_;
  return std::make_unique<Boxoffice>(std::move(environment),
                                     folder_.path() + "/output-" + std::to_string(started_));
}

std::unique_ptr<Boxoffice> Stack::start_web() {
  auto web = start(environment("api-web"));
  EXPECT_TRUE(eventually([&] { return web->ready(); })) << web->output();
  return web;
}

void Stack::set_epoch_row(int epoch, const std::string& region) {
  database().run("UPDATE understudy.epoch SET epoch = " + std::to_string(epoch) + ", region = '" +
                 region + "'");
}

std::unique_ptr<postgres::Connection> Stack::lock_seat(int seat) const {
  auto session = postgres::Connection::open(database().as_superuser(), 5s);
  EXPECT_TRUE(session.ok());
  auto locked =
      session->run_script("BEGIN; SELECT 1 FROM seats WHERE event = " + std::to_string(event_) +
                              " AND seat = " + std::to_string(seat) + " FOR UPDATE",
                          5s);
  EXPECT_TRUE(locked.ok());
  return std::make_unique<postgres::Connection>(std::move(*session));
}

void Stack::await_blocked() {
  EXPECT_TRUE(eventually([] {
    return database().count(
               "SELECT count(*) FROM pg_stat_activity"
               " WHERE usename = 'boxoffice' AND wait_event_type = 'Lock'") > 0;
  }));
}

}  // namespace understudy::test
