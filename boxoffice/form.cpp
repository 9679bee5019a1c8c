#include "form.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy::boxoffice {
namespace {

std::optional<std::string> decoded(std::string_view part) {
  std::string text(part);
  std::replace(text.begin(), text.end(), '+', ' ');
  auto plain = http::percent_decode(text);
  if (!plain || plain->find('\0') != std::string::npos) return std::nullopt;
  return plain;
}

}  // namespace

std::optional<Form> Form::read(const http::Request& request) {
  if (!request.header("Content-Type").starts_with("application/x-www-form-urlencoded"))
    return std::nullopt;
  Form form;
  for (std::string_view rest = request.body; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(pair.substr(std::min(pair.size(), equals + 1)));
    if (!name || !value) return std::nullopt;
    form.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

std::string_view Form::operator[](std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key == name) return value;
  return {};
}

std::string_view find_cookie(const http::Request& request, std::string_view name) {
  for (std::string_view rest = request.header("Cookie"); !rest.empty();) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace understudy::boxoffice
