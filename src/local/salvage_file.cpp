#include "local/salvage_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "local/timeline_history.h"
#include "system/file.h"

namespace understudy {

namespace json = boost::json;

namespace {

json::object header_json(const SalvageHeader& header) {
  return {{"platform", header.platform},
          {"region", header.region},
          {"epoch", header.epoch},
          {"diverged_at", format_wal_position(header.diverged_at)},
          {"timeline", header.timeline},
          {"method", header.method},
          {"database", header.database},
          {"first_new_xid", header.first_new_xid},
          {"made_at", format_wall(header.made_at)}};
}

std::string text(const json::object& object, const char* name) {
  return json::value_to<std::string>(object.at(name));
}

WalPosition position(const json::object& object, const char* name) {
  const auto found = parse_wal_position(text(object, name));
  if (!found) throw std::invalid_argument(std::string(name) + " is no position");
  return *found;
}

SalvageHeader header_from(const json::object& object) {
  return {.platform = text(object, "platform"),
          .region = text(object, "region"),
          .epoch = object.at("epoch").to_number<std::uint64_t>(),
          .diverged_at = position(object, "diverged_at"),
          .timeline = object.at("timeline").to_number<std::uint64_t>(),
          .method = text(object, "method"),
          .database = text(object, "database"),
          .first_new_xid = object.at("first_new_xid").to_number<std::uint32_t>(),
          .made_at = parse_wall(text(object, "made_at")).value_or(WallTime())};
}

SalvagedChange change_from(const json::object& object) {
  return {.op = text(object, "op"),
          .schema = text(object, "schema"),
          .table = text(object, "table"),
          .key = object.at("key").as_object(),
          .values = object.at("values").as_object()};
}

SalvagedCount count_from(const json::object& object) {
  return {.schema = text(object, "schema"),
          .table = text(object, "table"),
          .inserts = object.at("inserts").to_number<std::uint64_t>(),
          .updates = object.at("updates").to_number<std::uint64_t>(),
          .deletes = object.at("deletes").to_number<std::uint64_t>()};
}

SalvagedTransaction transaction_from(const json::object& object) {
  SalvagedTransaction transaction{.xid = object.at("xid").to_number<std::uint32_t>(),
                                  .commit_lsn = position(object, "commit_lsn"),
                                  .committed_at = text(object, "committed_at"),
                                  .changes = {},
                                  .counts = {}};
  if (const auto* changes = object.if_contains("changes")) {
    for (const auto& each : changes->as_array())
      transaction.changes.push_back(change_from(each.as_object()));
  }
  if (const auto* counts = object.if_contains("rows")) {
    for (const auto& each : counts->as_array())
      transaction.counts.push_back(count_from(each.as_object()));
  }
  return transaction;
}

}  // namespace

std::string salvage_folder(const std::string& region_folder) { return region_folder + "/salvage"; }
std::string salvage_path(const std::string& region_folder, std::uint64_t epoch) {
  return fmt::format("{}/epoch-{}.jsonl", salvage_folder(region_folder), epoch);
}

json::object to_json(const SalvagedTransaction& transaction) {
  json::object object{{"xid", transaction.xid},
                      {"commit_lsn", format_wal_position(transaction.commit_lsn)},
                      {"committed_at", transaction.committed_at}};
  if (!transaction.counts.empty()) {
    json::array& rows = object["rows"].emplace_array();
    for (const SalvagedCount& count : transaction.counts) {
      rows.push_back(json::object{{"schema", count.schema},
                                  {"table", count.table},
                                  {"inserts", count.inserts},
                                  {"updates", count.updates},
                                  {"deletes", count.deletes}});
    }
    return object;
  }
  json::array& changes = object["changes"].emplace_array();
  for (const SalvagedChange& change : transaction.changes) {
    changes.push_back(json::object{{"op", change.op},
                                   {"schema", change.schema},
                                   {"table", change.table},
                                   {"key", change.key},
                                   {"values", change.values}});
  }
  return object;
}

Result<SalvageWriter> SalvageWriter::create(const std::string& path, const SalvageHeader& header) {
  const std::string folder = std::filesystem::path(path).parent_path();
  if (auto made = file::make_folder(folder, 0700); !made) return made.error();
  const std::string draft = path + ".new";
  const int descriptor =
      open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return Error{After::unchanged_retry, draft + ": " + std::strerror(errno)};
  SalvageWriter writer(path, draft, std::unique_ptr<std::FILE, Closer>(fdopen(descriptor, "w")));
  writer.line(header_json(header));
  return writer;
}

SalvageWriter::~SalvageWriter() {
  if (file_) unlink(draft_.c_str());
}

void SalvageWriter::line(const json::object& object) {
  const std::string text = json::serialize(object) + "\n";
  failed_ = failed_ || std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size();
}

void SalvageWriter::add(const json::object& transaction) { line(transaction); }

Result<Done> SalvageWriter::finish() {
  const bool written = !failed_ && std::fflush(file_.get()) == 0 &&
                       fsync(fileno(file_.get())) == 0 &&
                       rename(draft_.c_str(), path_.c_str()) == 0;
  if (!written) return Error{After::unchanged_retry, path_ + ": " + std::strerror(errno)};
  file_.reset();
  const std::string folder = std::filesystem::path(path_).parent_path();
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  if (!synced) return Error{After::unknown, folder + ": " + std::strerror(errno)};
  return Done{};
}

Result<SalvageReader> SalvageReader::open(const std::string& path) {
  SalvageReader reader(path);
  std::string line;
  if (!std::getline(reader.lines_, line))
    return Error{After::unchanged_final, path + ": cannot be read"};
  try {
    reader.header_ = header_from(json::parse(line).as_object());
  } catch (const std::exception& error) {
    return Error{After::unchanged_final, path + ": its header: " + error.what()};
  }
  reader.line_ = 1;
  return reader;
}

Result<std::optional<SalvagedTransaction>> SalvageReader::next() {
  std::string line;
  if (!std::getline(lines_, line)) return std::optional<SalvagedTransaction>();
  ++line_;
  try {
    return std::optional(transaction_from(json::parse(line).as_object()));
  } catch (const std::exception& error) {
    return Error{After::unchanged_final, fmt::format("{}:{}: {}", path_, line_, error.what())};
  }
}

}  // namespace understudy
