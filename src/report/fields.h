#pragma once
// Reads a JSON object that came from outside: what is missing or of another type is noted, once,
// and read as nothing.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::report {

/// `wrong` gets the first mistake, "course.step_ms: expected a whole number". Both the object and
/// `wrong` outlive this.
class Fields {
 public:
  Fields(const boost::json::object& object, std::string path, std::string& wrong)
      : object_(object), path_(std::move(path)), wrong_(wrong) {}

  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::int64_t number(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> number_or_null(std::string_view key) const;
  [[nodiscard]] double real(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view key) const;
  [[nodiscard]] std::vector<std::optional<std::int64_t>> numbers_or_nulls(
      std::string_view key) const;
  [[nodiscard]] Fields object(std::string_view key) const;
  [[nodiscard]] std::vector<Fields> objects(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return object_.contains(key); }
  [[nodiscard]] const boost::json::object& whole() const { return object_; }
  /// Nothing wrong was found so far, here or elsewhere in the text.
  [[nodiscard]] bool good() const { return wrong_.empty(); }
  void say(std::string_view key, std::string_view expected) const;

 private:
  [[nodiscard]] const boost::json::value& at(std::string_view key) const;
  [[nodiscard]] const boost::json::array& list(std::string_view key) const;

  const boost::json::object& object_;
  std::string path_;
  std::string& wrong_;
};

}  // namespace understudy::report
