#pragma once
// One page, being filled in and then rendered.

#include <ctemplate/template.h>

#include <string>

namespace understudy::boxoffice {

/// Values are set as they are; each is escaped for the place where the template has it (ctemplate's
/// auto-escape: text, attribute, URL), so that no value becomes markup or script.
class View {
 public:
  /// `name`: of a file in templates/, which becomes the body of layout.html.
  View(const std::string& name, const std::string& title);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] ctemplate::TemplateDictionary& layout() { return layout_; }
  [[nodiscard]] ctemplate::TemplateDictionary& body() { return *body_; }
  [[nodiscard]] std::string render() const;

 private:
  ctemplate::TemplateDictionary layout_;
  ctemplate::TemplateDictionary* body_;  ///< the layout's
};

/// "2030-01-02T20:00:00Z" to "Wed 2 Jan 2030, 20:00 UTC"; what is not like that stays as it is.
[[nodiscard]] std::string date(const std::string& rfc3339);
/// 2500 to "€25.00".
[[nodiscard]] std::string money(std::int64_t cents);

}  // namespace understudy::boxoffice
