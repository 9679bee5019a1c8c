#include "report/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <kainjow/mustache.hpp>

#include "base/ensure.h"
#include "report/page_files.h"
#include "report/view.h"

namespace understudy::report {
namespace {

namespace json = boost::json;
namespace mustache = kainjow::mustache;

mustache::data data_of(const json::value& value) {
  if (const auto* object = value.if_object()) {
    mustache::data data(mustache::data::type::object);
    for (const auto& [key, inner] : *object) data.set(std::string(key), data_of(inner));
    return data;
  }
  if (const auto* array = value.if_array()) {
    mustache::data data(mustache::data::type::list);
    for (const auto& inner : *array) data.push_back(data_of(inner));
    return data;
  }
  if (const auto* flag = value.if_bool()) return mustache::data(*flag);
  if (const auto* text = value.if_string()) return mustache::data(std::string(*text));
  return mustache::data(json::serialize(value));
}

/// What Markdown gives a meaning to, and line ends, which would end a table's row.
std::string escape_markdown(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else if (static_cast<unsigned char>(c) < ' ') {
      escaped += ' ';
    } else {
      if (std::string_view("|\\`*_[]#").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

json::object views_of(const std::vector<json::object>& drills) {
  json::array views;
  for (const auto& drill : drills) {
    auto view = view_of(drill, views.size() + 1);
    ensure(view.ok(), "drills were read by read_drills()");
    views.push_back(std::move(*view));
  }
  const auto title = drills.size() == 1
                         ? fmt::format("Drill: {}", std::string(drills[0].at("fault").as_string()))
                         : fmt::format("{} drills", drills.size());
  return {{"title", title}, {"several", drills.size() != 1}, {"drills", std::move(views)}};
}

std::string rendered(std::string_view text, const json::object& view,
                     const mustache::mustache::escape_handler& escape) {
  mustache::mustache page{std::string(text)};
  ensure(page.is_valid(), "the page's templates are right");
  if (escape) page.set_custom_escape(escape);
  return page.render(data_of(view));
}

}  // namespace

Result<std::vector<json::object>> read_drills(std::string_view text, const std::string& name) {
  json::error_code failed;
  auto value = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed) return Error{After::unchanged_final, name + ": is no JSON: " + failed.message()};
  json::array all;
  if (auto* list = value.if_array()) {
    all = std::move(*list);
  } else {
    all.push_back(std::move(value));
  }
  std::vector<json::object> drills;
  for (auto& each : all) {
    if (!each.is_object())
      return Error{After::unchanged_final, name + ": expected a drill's verdict, an object"};
    if (auto view = view_of(each.get_object(), 1); !view) {
      const auto which =
          all.size() == 1 ? name : fmt::format("{}: drill {}", name, drills.size() + 1);
      return within(which + ": is no drill's verdict", view.error());
    }
    drills.push_back(std::move(each.get_object()));
  }
  return drills;
}

std::string to_html(const std::vector<json::object>& drills) {
  auto view = views_of(drills);
  view["style"] = style();
  view["script"] = script();
  view["chart_library"] = chart_library();
  return rendered(html_template(), view, {});
}

std::string to_markdown(const std::vector<json::object>& drills) {
  auto view = views_of(drills);
  for (auto& drill : view["drills"].as_array()) {
    // Stands in a code block, where nothing is escaped: one line.
    auto* environment = drill.get_object()["environment"].if_object();
    if (environment == nullptr) continue;
    std::string command((*environment)["command"].as_string());
    std::replace_if(
        command.begin(), command.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; },
        ' ');
    (*environment)["command"] = command;
  }
  return rendered(markdown_template(), view, escape_markdown);
}

}  // namespace understudy::report
