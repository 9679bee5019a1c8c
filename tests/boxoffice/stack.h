#pragma once
// One region in small: a database with the schema, a Redis, a fence page, and boxoffice processes.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fence/page_writer.h"
#include "scratch.h"
#include "system/http_client.h"

namespace understudy::test {

using namespace std::chrono_literals;

/// The agent's part, played by the test.
class Page {
 public:
  explicit Page(const std::string& path);
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  void open_endless(std::uint64_t epoch, std::uint64_t term = 1);
  void open_for(std::chrono::milliseconds length, std::uint64_t epoch, std::uint64_t term = 1);
  void close();
  [[nodiscard]] const understudy_promise& promise() const { return promise_; }

 private:
  understudy_page_writer writer_{};
  understudy_promise promise_{};
};

struct Answer {
  unsigned status = 0;  ///< 0: no answer came
  boost::json::value body;
  http::Response response;
  std::optional<Error> error;

  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
};

/// A running program. Its standard output is kept.
class Boxoffice {
 public:
  Boxoffice(std::map<std::string, std::string> environment, const std::string& output);

  [[nodiscard]] Answer get(const std::string& path) const;
  [[nodiscard]] Answer remove(const std::string& path) const;
  [[nodiscard]] Answer post(const std::string& path, const std::string& body,
                            const std::string& key = "") const;
  /// POST /api/orders for the best seat, or a particular one.
  [[nodiscard]] Answer buy(const std::string& key, int event, int seat = 0) const;
  [[nodiscard]] bool ready() const { return get("/ready").status == 200; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string output() const { return read_file(output_); }
  Process& process() { return process_; }

 private:
  Answer send(http::Request request, const std::string& path) const;

  std::string output_;
  std::uint16_t port_;
  http::Client client_;
  Process process_;
};

/// Every test starts with an open page of epoch 7 in region north, the database agreeing, and an
/// event `event()` of 50 free seats that no other test uses. The servers are shared by all tests.
class Stack : public testing::Test {
 protected:
  static constexpr int kSeats = 50;

  Stack();
  ~Stack() override;

  [[nodiscard]] static ScratchPostgres& database();
  [[nodiscard]] static ScratchRedis& redis();
  [[nodiscard]] int event() const { return event_; }
  [[nodiscard]] std::int64_t orders() const;  ///< of this test's event
  [[nodiscard]] std::map<std::string, std::string> environment(const std::string& role) const;
  /// Started and ready.
  std::unique_ptr<Boxoffice> start_web();
  std::unique_ptr<Boxoffice> start(std::map<std::string, std::string> environment);
  static void set_epoch_row(int epoch, const std::string& region);
  /// Holds a seat's row until it is destroyed: purchases of it wait.
  [[nodiscard]] std::unique_ptr<postgres::Connection> lock_seat(int seat) const;
  /// Waits until a session of the application waits for a lock.
  static void await_blocked();

  ScratchFolder folder_;
  Page page_;

 private:
  int event_;
  int started_ = 0;
};

}  // namespace understudy::test
