#include "local/wal2json_reader.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <cctype>

#include "local/timeline_history.h"

namespace understudy {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, const char* name) {
  return json::value_to<std::string>(object.at(name));
}

/// With its bare numbers as strings, so that a decimal stays what it was, digit by digit. Within a
/// string the sign would have its quotes escaped.
std::string with_numbers_as_text(const std::string& line) {
  constexpr std::string_view kSign = "\"value\":";
  std::string out;
  std::size_t done = 0;
  for (auto at = line.find(kSign); at != std::string::npos; at = line.find(kSign, done)) {
    const std::size_t begin = at + kSign.size();
    const bool bare =
        begin < line.size() &&
        (line[begin] == '-' || std::isdigit(static_cast<unsigned char>(line[begin])) != 0);
    const std::size_t end = bare ? line.find_first_of(",}", begin) : begin;
    out.append(line, done, begin - done);
    if (bare) out += '"' + line.substr(begin, end - begin) + '"';
    done = end;
  }
  return out.append(line, done);
}

/// A column's value as PostgreSQL's text.
json::value value_of(const json::object& column) {
  const json::value& value = column.at("value");
  if (value.is_null()) return nullptr;
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (!value.is_string()) return json::value(json::serialize(value));
  // It leaves out the prefix by which the server tells that format.
  if (column.at("type").as_string() == "bytea") return json::value("\\x" + text(column, "value"));
  return value;
}

json::object row_of(const json::object& change, const char* part) {
  json::object row;
  const auto* columns = change.if_contains(part);
  if (columns == nullptr) return row;
  for (const auto& each : columns->as_array()) {
    const json::object& column = each.as_object();
    row[text(column, "name")] = value_of(column);
  }
  return row;
}

const char* op_of(const std::string& action) {
  if (action == "I") return "insert";
  if (action == "U") return "update";
  if (action == "D") return "delete";
  return action == "T" ? "truncate" : "";
}

}  // namespace

Result<std::optional<SalvagedTransaction>> Wal2JsonReader::take(const std::string& line) {
  try {
    const json::value whole = json::parse(with_numbers_as_text(line));
    const json::object& object = whole.as_object();
    const std::string action = text(object, "action");
    if (action == "B") {
      open_ = {};
      open_.xid = object.at("xid").to_number<std::uint32_t>();
      open_.commit_lsn = parse_wal_position(text(object, "lsn")).value();
      open_.committed_at = text(object, "timestamp");
    } else if (action == "C") {
      return std::optional(std::move(open_));
    } else if (const std::string op = op_of(action); !op.empty()) {
      open_.changes.push_back({.op = op,
                               .schema = text(object, "schema"),
                               .table = text(object, "table"),
                               .key = row_of(object, "identity"),
                               .values = row_of(object, "columns")});
    }
    return std::optional<SalvagedTransaction>();
  } catch (const std::exception& error) {
    return Error{After::unchanged_final,
                 std::string("wal2json wrote what is not understood: ") + error.what()};
  }
}

}  // namespace understudy
