#include "place.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <sstream>

#include "local/machine.h"
#include "local/public_ingress.h"
#include "local/units.h"
#include "ports/wire.h"
#include "system/file.h"
#include "system/kernel.h"
#include "topology/load.h"

namespace understudy {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr auto kCall = milliseconds(2000);

/// The example's file with this build's program in it.
std::string configuration() {
  std::string text = read_text(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/understudy.yaml");
  const std::string program = "../../build/bin/boxoffice";
  for (auto at = text.find(program); at != std::string::npos; at = text.find(program))
    text.replace(at, program.size(), UNDERSTUDY_BOXOFFICE);
  return text;
}

bool all_free(const Layout& layout) {
  for (const auto& [who, endpoint] : layout.all_endpoints()) {
    if (!check_free(endpoint)) return false;
  }
  return true;
}

}  // namespace

Place::Place(const std::string& data)
    : data_(data.empty() ? folder_.file("stack") : data), clock_(make_kernel_clock()) {
  write_text(config(), configuration());
  fs::copy_file(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/schema.sql", folder_.file("schema.sql"));
  auto loaded = load_topology(config());
  for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
  topology_ = loaded.topology.value();
  // Another than the stacks of others, which begin at the example's own.
  for (unsigned base = 12'000; base <= 30'000; base += 1'500) {
    topology_.local.port_base = static_cast<std::uint16_t>(base);
    layout_ = std::make_unique<Layout>(topology_, data_);
    if (all_free(*layout_)) return;
  }
  ADD_FAILURE() << "no free range of ports";
}

Place::~Place() {
  const auto ended =
      process::kill_all({.supervisor = 0, .directory = data_}, std::chrono::seconds(10));
  EXPECT_TRUE(ended) << ended.error().what;
  std::error_code none;
  fs::remove_all(layout_->memory(), none);
}

std::vector<std::string> Place::words(std::vector<std::string> words) const {
  words.insert(words.end(), {"-f", config(), "--data", data_, "--port-base",
                             std::to_string(topology_.local.port_base)});
  return words;
}

Said Place::run(const std::vector<std::string>& words,
                const std::map<std::string, std::string>& environment) const {
  return run_understudy(this->words(words), environment);
}

Said Place::run_process(std::vector<std::string> words, const std::string& program) const {
  words.insert(words.end(), {"--data", data_});
  return run_program(program, words);
}

json::object Place::status() const {
  const Said said = run({"status", "--json"});
  const auto object = said.status == 0 ? wire::parse_object(said.out) : std::nullopt;
  return object.value_or(json::object());
}

const Site* Place::site() const {
  if (!site_) {
    auto opened = Site::open(data_);
    if (opened) site_ = std::move(*opened);
  }
  return site_.get();
}

std::optional<Record> Place::record() const {
  if (!registry_ && site() != nullptr) {
    registry_ = std::make_unique<ControlClient>(Site::control_http(layout_->file("tls"), "cli"),
                                                layout_->registry().text(), *clock_);
  }
  if (!registry_) return std::nullopt;
  const auto answer = registry_->get("/v1/record", clock_->boot() + kCall);
  if (!answer) why_no_record_ = answer.error().what;
  return answer ? wire::record_from(*answer) : std::nullopt;
}

pid_t Place::pid_of(const std::string& domain, const std::string& unit) const {
  const auto units = SupervisorClient(layout_->control_socket(domain)).units(kCall);
  if (!units) return 0;
  for (const UnitState& each : *units) {
    if (each.name == unit) return each.pid;
  }
  return 0;
}

std::string Place::serving() const {
  PublicIngress ingress(*layout_, "", *clock_);
  const auto region = ingress.serving_region(clock_->boot() + kCall);
  return region ? *region : std::string();
}

testing::AssertionResult Place::buy(const std::string& key) const {
  http::Request request{.method = "POST", .body = R"({"event":1,"buyer":"ann"})"};
  request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}};
  const auto answer =
      http_.send("http://" + layout_->edge_http().text() + "/api/orders", request, kCall);
  if (!answer) return testing::AssertionFailure() << answer.error().what;
  if (answer->status == 200 || answer->status == 201) return testing::AssertionSuccess();
  return testing::AssertionFailure() << answer->status << ": " << answer->body;
}

bool Place::bought(const std::string& key) const {
  const auto answer = http_.send("http://" + layout_->edge_http().text() + "/api/orders/" + key,
                                 {.method = "GET"}, kCall);
  return answer && answer->status == 200;
}

void Place::note_segments() {
  // PostgreSQL names its segment after the i-node of its folder.
  for (const Region& region : topology_.regions) {
    struct stat seen {};
    if (stat(layout_->domain(region.name).file("postgres").c_str(), &seen) == 0)
      segment_keys_.insert(static_cast<std::uint32_t>(seen.st_ino));
  }
}

std::vector<std::string> Place::left_behind() const {
  std::vector<std::string> left;
  for (const auto& who : members()) left.push_back(fmt::format("process {}", who.pid));
  if (file::exists(layout_->memory())) left.push_back(layout_->memory());
  if (file::exists(data_)) left.push_back(data_);
  std::istringstream segments(read_text("/proc/sysvipc/shm"));
  std::string line;
  std::getline(segments, line);  // the header
  while (std::getline(segments, line)) {
    std::int64_t key = 0;
    if (std::istringstream(line) >> key && segment_keys_.contains(static_cast<std::uint32_t>(key)))
      left.push_back("segment:" + line);
  }
  return left;
}

}  // namespace understudy
