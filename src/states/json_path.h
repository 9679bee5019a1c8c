#pragma once
// JSONPath as Step Functions reads it (the Jayway dialect): parsed once, evaluated without copies.

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace understudy::states {

namespace json = boost::json;

class Filter;

/// A parsed path. Immutable; may be used by several threads.
class JsonPath {
 public:
  /// `$` itself.
  JsonPath() = default;

  /// Reads a path that begins with `$` (or, inside a filter, `@`). Throws Malformed.
  [[nodiscard]] static JsonPath parse(std::string_view text);

  /// True if the path can only name one value: no wildcard, slice, union, filter or deep scan.
  [[nodiscard]] bool definite() const { return definite_; }

  /// True if the path is `$`, or names and non-negative indices only: a Reference Path.
  [[nodiscard]] bool is_reference() const;

  /// Its name if the path is `$.name`: of a member of the root. Null otherwise.
  [[nodiscard]] const std::string* member_name() const;

  struct Missing {
    std::string why;  ///< As Step Functions says it: "No results for path: $['a']".
  };

  /// The one value, which lies within root. Requires: definite().
  [[nodiscard]] std::variant<const json::value*, Missing> find(const json::value& root) const;

  /// All values, in document order; they lie within root. Empty if there are none.
  [[nodiscard]] std::vector<const json::value*> select(const json::value& root) const;

  /// A copy of `root` with `placed` put where the path points; objects on the way are made.
  /// None if something on the way is no object (or no such array element). Requires:
  /// is_reference().
  [[nodiscard]] std::optional<json::value> put(const json::value& root,
                                               const json::value& placed) const;

 private:
  friend class PathParser;

  struct Name {
    std::vector<std::string> any_of;  ///< More than one: a union.
  };
  struct Index {
    std::vector<std::int64_t> any_of;  ///< Negative counts from the end.
  };
  struct Slice {
    std::optional<std::int64_t> from, to, step;
  };
  struct Every {};
  struct Where {
    std::shared_ptr<const Filter> filter;
  };
  struct Step {
    std::variant<Name, Index, Slice, Every, Where> what;
    bool deep = false;  ///< `..`: applied to every descendant too.
  };

  [[nodiscard]] std::string way_to(std::size_t steps) const;
  static void apply(const Step& step, const json::value& at, const json::value& root,
                    std::vector<const json::value*>& out);
  static void apply_deep(const Step& step, const json::value& at, const json::value& root,
                         std::vector<const json::value*>& out);

  std::vector<Step> steps_;
  bool definite_ = true;
};

}  // namespace understudy::states
