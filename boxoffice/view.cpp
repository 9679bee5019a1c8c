#include "view.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "assets.h"
#include "base/ensure.h"

namespace understudy::boxoffice {
namespace {

/// All templates, parsed once.
const ctemplate::TemplateCache& parsed() {
  static const ctemplate::TemplateCache& all = []() -> const ctemplate::TemplateCache& {
    // Kept until the process ends: threads may render until then.
    auto* cache = new ctemplate::TemplateCache;
    for (const Asset& file : templates()) {
      // Escaping is not each template's own affair to forget.
      const std::string text = "{{%AUTOESCAPE context=\"HTML\"}}\n" + std::string(file.content);
      ensure(
          cache->StringToTemplateCache(std::string(file.name), text, ctemplate::STRIP_BLANK_LINES),
          "every template can be parsed");
    }
    cache->Freeze();
    return *cache;
  }();
  return all;
}

}  // namespace

View::View(const std::string& name, const std::string& title)
    : layout_(title), body_(layout_.AddIncludeDictionary("BODY")) {
  body_->SetFilename(name);
  layout_["TITLE"] = title;
  layout_["ICON"] = static_path("icon.svg");
  layout_["STYLE"] = static_path("boxoffice.css");
}

std::string View::render() const {
  std::string text;
  ensure(
      parsed().ExpandNoLoad("layout.html", ctemplate::STRIP_BLANK_LINES, &layout_, nullptr, &text),
      "every template that a page names is there");
  return text;
}

std::string date(const std::string& rfc3339) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0;
  if (std::sscanf(rfc3339.c_str(), "%d-%u-%uT%u:%u", &year, &month, &day, &hour, &minute) != 5)
    return rfc3339;
  const std::chrono::year_month_day read{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!read.ok()) return rfc3339;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{} {} {} {}, {:02}:{:02} UTC", kDays[std::chrono::weekday(read).c_encoding()],
                     day, kMonths[month - 1], year, hour, minute);
}

std::string money(std::int64_t cents) {
  const char* sign = cents < 0 ? "−" : "";
  const std::int64_t amount = cents < 0 ? -cents : cents;
  return fmt::format("{}€{}.{:02}", sign, amount / 100, amount % 100);
}

}  // namespace understudy::boxoffice
