#include "local/localisation.h"

#include <cctype>

namespace understudy {

namespace {

using Fits = bool (*)(char before, char after);

/// Where `part` stands with fitting characters around it; '\0' is the text's end.
std::size_t find_part(std::string_view text, std::string_view part, std::size_t from, Fits fits) {
  for (auto at = text.find(part, from); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    if (fits(at == 0 ? '\0' : text[at - 1], end == text.size() ? '\0' : text[end])) return at;
  }
  return std::string_view::npos;
}

bool around_address(char before, char after) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  return !digit(before) && before != '.' && !digit(after);
}

bool around_name(char before, char after) {
  constexpr std::string_view kBefore = "./@=,: ";
  constexpr std::string_view kAfter = "./:,? ";
  return (before == '\0' || kBefore.find(before) != std::string_view::npos) &&
         (after == '\0' || kAfter.find(after) != std::string_view::npos);
}

void replace_all(std::string& text, std::string_view part, std::string_view by, Fits fits) {
  for (auto at = find_part(text, part, 0, fits); at != std::string::npos;
       at = find_part(text, part, at + by.size(), fits)) {
    text.replace(at, part.size(), by);
  }
}

bool anywhere(char, char) { return true; }

/// Of the stack, not of a region: a folder above all may be called as a region is.
std::string without_stack(const Layout& layout, std::string text) {
  replace_all(text, layout.data(), "{data}", anywhere);
  replace_all(text, layout.memory(), "{memory}", anywhere);
  return text;
}

}  // namespace

bool mentions_address(std::string_view text, std::string_view address) {
  return find_part(text, address, 0, around_address) != std::string_view::npos;
}

bool mentions_name(std::string_view text, std::string_view name) {
  return find_part(text, name, 0, around_name) != std::string_view::npos;
}

std::string without_region(const Layout& layout, const std::string& region, std::string text) {
  text = without_stack(layout, std::move(text));
  replace_all(text, layout.topology().region(region)->address, "{address}", around_address);
  replace_all(text, region, "{region}", around_name);
  return text;
}

std::optional<std::string> foreign_part(const Layout& layout, const std::string& region,
                                        std::string_view text) {
  const Region& other = layout.topology().other(region);
  if (mentions_address(text, other.address)) return other.address;
  if (mentions_name(without_stack(layout, std::string(text)), other.name)) return other.name;
  return std::nullopt;
}

}  // namespace understudy
