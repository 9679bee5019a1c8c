#include "topology/json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>
#include <set>

#include "topology/fields.h"
#include "topology/findings.h"
#include "topology/load.h"
#include "topology/names.h"

namespace understudy {
namespace {

namespace json = boost::json;

std::string key_of_length(std::string_view name) { return fmt::format("{}_ms", name); }

class Writer {
 public:
  explicit Writer(json::object& object) : object_(object) {}

  void text(std::string_view name, const std::string& value, Need /*need*/, TextRule /*rule*/) {
    object_[name] = value;
  }
  void optional_text(std::string_view name, const std::optional<std::string>& value,
                     TextRule /*rule*/) {
    if (value) {
      object_[name] = *value;
    } else {
      object_[name] = nullptr;
    }
  }
  void texts(std::string_view name, const std::vector<std::string>& values, Need /*need*/) {
    object_[name] = json::array(values.begin(), values.end());
  }
  void variables(std::string_view name, const std::vector<std::string>& values) {
    texts(name, values, Need::optional);
  }
  void pairs(std::string_view name, const std::map<std::string, std::string>& values) {
    auto& pairs = object_[name].emplace_object();
    for (const auto& [key, value] : values) pairs[key] = value;
  }
  void flag(std::string_view name, bool value) { object_[name] = value; }
  void count(std::string_view name, unsigned value, CountBounds /*bounds*/) {
    object_[name] = value;
  }
  void length(std::string_view name, Duration value, LengthBounds /*bounds*/) {
    ensure(value % milliseconds(1) == Duration::zero(), "a length in JSON is whole milliseconds");
    object_[key_of_length(name)] = to_ms(value);
  }
  template <class Enum>
  void choice(std::string_view name, Enum value) {
    object_[name] = to_string(value);
  }
  template <class Fields>
  void group(std::string_view name, Fields fields) {
    Writer inner(object_[name].emplace_object());
    fields(inner);
  }
  template <class T, class Fields>
  void named(std::string_view name, const std::vector<T>& values, Need /*need*/, Fields fields) {
    auto& list = object_[name].emplace_array();
    for (const auto& value : values) {
      auto& item = list.emplace_back(json::object()).get_object();
      item["name"] = value.name;
      Writer inner(item);
      fields(inner, value);
    }
  }

 private:
  json::object& object_;
};

/// Thrown by Reader at the first field that is not as written; never leaves this file.
struct Unreadable {
  std::string what;
};

class Reader {
 public:
  Reader(const json::value& value, std::string path) : path_(std::move(path)) {
    object_ = value.if_object();
    if (object_ == nullptr) wrong(path_, "an object");
  }

  void text(std::string_view name, std::string& value, Need /*need*/, TextRule /*rule*/) {
    value = text_of(field(name), path_of(name));
  }
  void optional_text(std::string_view name, std::optional<std::string>& value, TextRule /*rule*/) {
    const auto& found = field(name);
    value = found.is_null() ? std::nullopt : std::optional(text_of(found, path_of(name)));
  }
  void texts(std::string_view name, std::vector<std::string>& values, Need /*need*/) {
    for (const auto& item : list(name)) values.push_back(text_of(item, path_of(name)));
  }
  void variables(std::string_view name, std::vector<std::string>& values) {
    texts(name, values, Need::optional);
  }
  void pairs(std::string_view name, std::map<std::string, std::string>& values) {
    const auto* pairs = field(name).if_object();
    if (pairs == nullptr) wrong(path_of(name), "an object");
    for (const auto& [key, value] : *pairs) values[key] = text_of(value, path_of(name));
  }
  void flag(std::string_view name, bool& value) {
    const auto* found = field(name).if_bool();
    if (found == nullptr) wrong(path_of(name), "true or false");
    value = *found;
  }
  template <class Unsigned>
  void count(std::string_view name, Unsigned& value, CountBounds /*bounds*/) {
    const auto most = std::numeric_limits<Unsigned>::max();
    value = static_cast<Unsigned>(whole(name, most));
  }
  void length(std::string_view name, Duration& value, LengthBounds /*bounds*/) {
    constexpr auto kMost = std::chrono::floor<milliseconds>(Duration::max()).count();
    value = milliseconds(whole(key_of_length(name), kMost));
  }
  template <class Enum>
  void choice(std::string_view name, Enum& value) {
    const auto found = text_of(field(name), path_of(name));
    for (const auto& [choice, spelling] : Spellings<Enum>::all) {
      if (found != spelling) continue;
      value = choice;
      return;
    }
    wrong(path_of(name), "one of the known choices");
  }
  template <class Fields>
  void group(std::string_view name, Fields fields) {
    Reader inner(field(name), path_of(name));
    fields(inner);
    inner.finish();
  }
  template <class T, class Fields>
  void named(std::string_view name, std::vector<T>& values, Need /*need*/, Fields fields) {
    for (const auto& item : list(name)) {
      Reader inner(item, fmt::format("{}[{}]", path_of(name), values.size()));
      T value;
      inner.text("name", value.name, Need::required, TextRule::name);
      fields(inner, value);
      inner.finish();
      values.push_back(std::move(value));
    }
  }

  void finish() const {
    for (const auto& [key, value] : *object_) {
      if (!known_.contains(std::string(key))) throw Unreadable{path_of(key) + ": is not a field"};
    }
  }

 private:
  const json::value& field(std::string_view name) {
    known_.emplace(name);
    const auto* found = object_->if_contains(name);
    if (found == nullptr) throw Unreadable{path_of(name) + ": is missing"};
    return *found;
  }

  const json::array& list(std::string_view name) {
    const auto* found = field(name).if_array();
    if (found == nullptr) wrong(path_of(name), "a list");
    return *found;
  }

  std::int64_t whole(std::string_view name, std::int64_t most) {
    const auto* found = field(name).if_int64();
    if (found == nullptr || *found < 0 || *found > most) {
      wrong(path_of(name), fmt::format("a whole number from 0 to {}", most));
    }
    return *found;
  }

  static std::string text_of(const json::value& value, const std::string& path) {
    const auto* found = value.if_string();
    if (found == nullptr) wrong(path, "a text");
    return std::string(*found);
  }

  [[nodiscard]] std::string path_of(std::string_view name) const {
    return setting_path(path_, name);
  }

  [[noreturn]] static void wrong(const std::string& path, std::string_view expected) {
    throw Unreadable{fmt::format("{}{}expected {}", path, path.empty() ? "" : ": ", expected)};
  }

  const json::object* object_ = nullptr;
  std::string path_;
  std::set<std::string> known_;
};

Error not_ours(std::string_view what) {
  return Error{After::unchanged_final, fmt::format("topology as JSON: {}", what)};
}

Topology read(const json::value& value) {
  Topology topology;
  Reader reader(value, "");
  visit_topology(reader, topology);
  reader.text("directory", topology.directory, Need::required, TextRule::any);
  reader.finish();
  return topology;
}

}  // namespace

std::string to_json(const Topology& topology) {
  json::object object;
  Writer writer(object);
  visit_topology(writer, topology);
  object["directory"] = topology.directory;
  return json::serialize(object);
}

Result<Topology> from_json(std::string_view text) {
  boost::system::error_code failure;
  const auto value = json::parse(text, failure);
  if (failure) return not_ours("is not JSON: " + failure.message());
  try {
    auto topology = read(value);
    if (const auto mistakes = check_relations(topology); !mistakes.empty()) {
      return not_ours(mistakes.front().text());
    }
    return topology;
  } catch (const Unreadable& unreadable) {
    return not_ours(unreadable.what);
  }
}

}  // namespace understudy
