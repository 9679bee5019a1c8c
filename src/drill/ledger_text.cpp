#include "drill/ledger_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace understudy::drill {
namespace {

namespace json = boost::json;

void put(json::object& line, std::string_view name, Instant at) {
  line[fmt::format("{}_boot_ns", name)] = at.boot.time_since_epoch().count();
  line[fmt::format("{}_wall_ns", name)] = at.wall.time_since_epoch().count();
}

/// Takes typed members out of an object and remembers the first that was missing or of another
/// type, so that a record is read without a check after every member.
class Members {
 public:
  explicit Members(const json::object& line) : line_(line) {}

  std::string text(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_string()) return complain<std::string>(name, "a string");
    return std::string(value->get_string());
  }
  std::int64_t number(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_int64()) return complain<std::int64_t>(name, "an integer");
    return value->get_int64();
  }
  unsigned count(std::string_view name) {
    const auto value = number(name);
    if (value < 0 || value > 1'000'000'000) return complain<unsigned>(name, "a small count");
    return static_cast<unsigned>(value);
  }
  bool truth(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_bool()) return complain<bool>(name, "true or false");
    return value->get_bool();
  }
  std::optional<std::int64_t> optional_number(std::string_view name) {
    return find(name) == nullptr ? std::nullopt : std::optional(number(name));
  }
  Instant instant(std::string_view name) {
    return Instant{BootTime(Duration(number(fmt::format("{}_boot_ns", name)))),
                   WallTime(Duration(number(fmt::format("{}_wall_ns", name))))};
  }

  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  const json::value* find(std::string_view name) const { return line_.if_contains(name); }

  template <class T>
  T complain(std::string_view name, std::string_view expected) {
    if (complaint_.empty()) complaint_ = fmt::format("\"{}\": expected {}", name, expected);
    return T{};
  }

  const json::object& line_;
  std::string complaint_;
};

template <class Record>
json::object outcome_line(std::string_view kind, const Record& record) {
  json::object line;
  line["kind"] = kind;
  line["key"] = record.key;
  line["try"] = record.number;
  line["status"] = record.status;
  return line;
}

template <class Record>
std::string without_sale(std::string_view kind, const Record& record) {
  auto line = outcome_line(kind, record);
  line["reason"] = record.reason;
  put(line, "received", record.received);
  return json::serialize(line);
}

template <class Record>
Record read_without_sale(Members& line) {
  return Record{line.text("key"), line.count("try"), line.count("status"), line.text("reason"),
                line.instant("received")};
}

void add_attempt(Members& line, Ledger& ledger) {
  ledger.attempts.push_back(Attempt{line.text("key"), line.count("try"), line.number("event"),
                                    line.optional_number("seat"), line.text("url"),
                                    line.instant("scheduled"), line.instant("sent")});
}

void add_acknowledgement(Members& line, Ledger& ledger) {
  ledger.acknowledgements.push_back(
      Acknowledgement{line.text("key"), line.count("try"), line.count("status"), line.text("order"),
                      line.number("event"), line.number("seat"), line.number("epoch"),
                      line.text("region"), line.instant("received")});
}

void add_page(Members& line, Ledger& ledger) {
  ledger.pages.push_back(PageRead{line.text("path"), line.truth("ok"), line.count("status"),
                                  line.text("reason"), line.instant("scheduled"),
                                  line.instant("received")});
}

bool add(std::string_view kind, Members& line, Ledger& ledger) {
  if (kind == "attempt") {
    add_attempt(line, ledger);
  } else if (kind == "acknowledged") {
    add_acknowledgement(line, ledger);
  } else if (kind == "refused") {
    ledger.refusals.push_back(read_without_sale<Refusal>(line));
  } else if (kind == "unknown") {
    ledger.unknowns.push_back(read_without_sale<UnknownOutcome>(line));
  } else if (kind == "page") {
    add_page(line, ledger);
  } else if (kind == "mark") {
    ledger.marks.push_back(Mark{line.text("name"), line.instant("at")});
  } else if (kind == "stall") {
    ledger.stalls.push_back(Stall{Duration(line.number("length_ns")), line.instant("at")});
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string to_line(const Attempt& attempt) {
  json::object line;
  line["kind"] = "attempt";
  line["key"] = attempt.key;
  line["try"] = attempt.number;
  line["event"] = attempt.event;
  if (attempt.seat) line["seat"] = *attempt.seat;
  line["url"] = attempt.url;
  put(line, "scheduled", attempt.scheduled);
  put(line, "sent", attempt.sent);
  return json::serialize(line);
}

std::string to_line(const Acknowledgement& acknowledgement) {
  auto line = outcome_line("acknowledged", acknowledgement);
  line["order"] = acknowledgement.order;
  line["event"] = acknowledgement.event;
  line["seat"] = acknowledgement.seat;
  line["epoch"] = acknowledgement.epoch;
  line["region"] = acknowledgement.region;
  put(line, "received", acknowledgement.received);
  return json::serialize(line);
}

std::string to_line(const Refusal& refusal) { return without_sale("refused", refusal); }

std::string to_line(const UnknownOutcome& unknown) { return without_sale("unknown", unknown); }

std::string to_line(const PageRead& page) {
  json::object line;
  line["kind"] = "page";
  line["path"] = page.path;
  line["ok"] = page.ok;
  line["status"] = page.status;
  line["reason"] = page.reason;
  put(line, "scheduled", page.scheduled);
  put(line, "received", page.received);
  return json::serialize(line);
}

std::string to_line(const Mark& mark) {
  json::object line;
  line["kind"] = "mark";
  line["name"] = mark.name;
  put(line, "at", mark.at);
  return json::serialize(line);
}

std::string to_line(const Stall& stall) {
  json::object line;
  line["kind"] = "stall";
  line["length_ns"] = stall.length.count();
  put(line, "at", stall.at);
  return json::serialize(line);
}

Result<Done> add_line(std::string_view line, Ledger& ledger) {
  const auto refuse = [](std::string why) { return Error{After::unchanged_final, std::move(why)}; };
  json::error_code failed;
  const auto value = json::parse(json::string_view(line.data(), line.size()), failed);
  if (failed || !value.is_object()) return refuse("expected one JSON object");
  Members members(value.get_object());
  const auto kind = members.text("kind");
  if (!members.complaint().empty()) return refuse(members.complaint());
  if (!add(kind, members, ledger)) return refuse(fmt::format("unknown kind \"{}\"", kind));
  if (!members.complaint().empty()) return refuse(members.complaint());
  return Done{};
}

}  // namespace understudy::drill
