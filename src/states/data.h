#pragma once
// JSON values as an execution hands them from state to state: immutable, shared, never deep-copied.

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::states {

namespace json = boost::json;

/// The JSON text of a value: compact, members in their order, numbers as people write them
/// (4.3, 1.0).
[[nodiscard]] std::string to_text(const json::value& value);

/// None if the text is no JSON value.
[[nodiscard]] std::optional<json::value> parse_json(std::string_view text);

/// Equal as JSON: numbers by value (1, 1.0 and 1e0 are equal), objects without regard to order.
[[nodiscard]] bool same_json(const json::value& one, const json::value& other);

/// The number if it is a whole one that was written without a fraction; how it is stored does not
/// matter, since it is stored otherwise once it has been through a journal.
[[nodiscard]] std::optional<std::int64_t> whole_number(const json::value& value);

/// An immutable JSON value. Copies share it, and a part shares the whole it lies in, so handing
/// data on costs a reference count. The text is made once, when first asked for.
///
/// One Data object belongs to one thread; copies may go to others.
class Data {
 public:
  /// JSON null.
  Data();
  explicit Data(json::value value);
  /// Requires: `text` is to_text(value).
  Data(json::value value, std::string text);

  [[nodiscard]] const json::value& value() const { return *value_; }
  [[nodiscard]] const std::string& text() const;

  /// Requires: `inside` lies within value().
  [[nodiscard]] Data part(const json::value& inside) const;

 private:
  std::shared_ptr<const json::value> value_;
  mutable std::shared_ptr<const std::string> text_;
};

}  // namespace understudy::states
