#pragma once
// Reads the members of one JSON object of a document and remembers what is wrong with them.
// Internal to this library.

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "states/machine.h"
#include "states/state.h"

namespace understudy::states {

enum class Need : bool { optional, required };

/// Every reader reports a member of the wrong type and then gives none; the object is closed with
/// `refuse_the_rest`, which reports members that nobody asked for.
class Fields {
 public:
  /// Reports if `value` is no object, and then behaves as an empty one.
  Fields(const json::value& value, std::string path, std::vector<Problem>& problems);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;

  void problem(std::string_view key, std::string what);

  /// Null if absent.
  const json::value* any(std::string_view key, Need need = Need::optional);
  std::optional<std::string> text(std::string_view key, Need need = Need::optional);
  std::optional<bool> boolean(std::string_view key, Need need = Need::optional);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most,
                                      Need need = Need::optional);
  std::optional<double> number(std::string_view key, double least);
  const json::object* object(std::string_view key, Need need = Need::optional);
  const json::array* array(std::string_view key, Need need = Need::optional);
  std::vector<std::string> texts(std::string_view key, Need need);

  /// Without a name if absent.
  Target target(std::string_view key, Need need = Need::optional);
  std::optional<Reference> reference(std::string_view key);
  std::optional<Template> payload(std::string_view key);
  /// `key`, or `key`Path.
  NumberField number_or_path(std::string_view key, std::int64_t least, std::int64_t most);
  PathField path_field(std::string_view key);
  ResultPath result_path(std::string_view key);

  /// Reports if more than one of them is there.
  void at_most_one(std::initializer_list<std::string_view> keys);

  void refuse_the_rest(std::string_view owner);

 private:
  json::object empty_;
  const json::object* object_;
  std::string path_;
  std::vector<Problem>& problems_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace understudy::states
