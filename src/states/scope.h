#pragma once
// What an expression may look at while one state is evaluated.

#include <functional>
#include <map>
#include <string>

#include "states/data.h"
#include "states/random.h"

namespace understudy::states {

/// Variables of one flow; a branch or iteration also sees those around it.
class Variables {
 public:
  explicit Variables(const Variables* around = nullptr) : around_(around) {}

  /// Null if there is no variable of that name.
  [[nodiscard]] const Data* find(const std::string& name) const {
    for (const auto* scope = this; scope != nullptr; scope = scope->around_) {
      const auto found = scope->own_.find(name);
      if (found != scope->own_.end()) return &found->second;
    }
    return nullptr;
  }
  void set(const std::string& name, Data value) { own_.insert_or_assign(name, std::move(value)); }

 private:
  const Variables* around_;
  std::map<std::string, Data> own_;
};

/// Lives for one evaluation.
struct Scope {
  const Data& input;                            ///< `$`
  const std::function<const Data&()>& context;  ///< `$$`, built when first asked for
  const Variables& variables;                   ///< `$name`
  Random& random;
};

}  // namespace understudy::states
