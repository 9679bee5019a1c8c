// What each value must be by itself: a visitor of fields.h.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "topology/fields.h"
#include "topology/findings.h"
#include "topology/length.h"

namespace understudy {
namespace {

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view text) {
  constexpr std::size_t kNameMax = 31;
  return !text.empty() && text.size() <= kNameMax && is_lower(text.front()) && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_identifier(std::string_view text) {
  constexpr std::size_t kIdentifierMax = 63;  // PostgreSQL cuts longer ones off
  return !text.empty() && text.size() <= kIdentifierMax &&
         (is_lower(text.front()) || text.front() == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_user(std::string_view text) {
  constexpr std::size_t kUserMax = 32;
  return !text.empty() && text.size() <= kUserMax &&
         (is_lower(text.front()) || text.front() == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_url_path(std::string_view text) {
  constexpr std::size_t kPathMax = 1024;
  return text.starts_with('/') && text.size() <= kPathMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

/// Only what no server's configuration gives a meaning to.
bool is_url_prefix(std::string_view text) {
  constexpr std::size_t kPrefixMax = 128;
  return text.size() > 2 && text.size() <= kPrefixMax && text.starts_with('/') &&
         text.ends_with('/') && text.find("//") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') ||
                  std::string_view("/-._~").find(c) != std::string_view::npos;
         });
}

std::string judge_name(std::string_view text) {
  if (is_name(text)) return {};
  return fmt::format(
      "expected a name usable for hosts and files (1 to 31 lower-case letters, digits and hyphens, "
      "a letter first, no hyphen last), found {}",
      quoted(text));
}

std::string judge_address(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return fmt::format("expected an IPv4 address such as 127.0.1.1, found {}", quoted(text));
  }
  const auto bits = ntohl(address.s_addr);
  if (bits >> 24 != 127) {
    return fmt::format(
        "expected a loopback address (127.x.y.z), found {}: the local stack listens on this "
        "machine only",
        text);
  }
  if ((bits & 0xff) == 0 || (bits & 0xff) == 255) {
    return fmt::format("expected an address that ends in 1 to 254, found {}", text);
  }
  return {};
}

std::string judge_user(std::string_view text) {
  if (text.empty()) return {};
  if (text == "root") {
    return "expected a user other than root, under which PostgreSQL refuses to run";
  }
  if (is_user(text)) return {};
  return fmt::format("expected the name of a user of this machine, found {}", quoted(text));
}

std::string judge_file(std::string_view text) {
  if (text.starts_with('~')) {
    return fmt::format("expected a path without ~, which only shells know, found {}", quoted(text));
  }
  return {};
}

/// What is wrong with a text, or "".
std::string judge(const std::string& text, TextRule rule) {
  switch (rule) {
    case TextRule::any: return {};
    case TextRule::name: return judge_name(text);
    case TextRule::address: return judge_address(text);
    case TextRule::file: return judge_file(text);
    case TextRule::user: return judge_user(text);
    case TextRule::url_path:
      if (is_url_path(text)) return {};
      return fmt::format("expected a path such as /ready, found {}", quoted(text));
    case TextRule::url_prefix:
      if (is_url_prefix(text)) return {};
      return fmt::format(
          "expected a path of whole segments such as /s/ (letters, digits and -._~), found {}",
          quoted(text));
    case TextRule::identifier:
      if (is_identifier(text)) return {};
      return fmt::format(
          "expected 1 to 63 lower-case letters, digits and underscores, no digit first, found {}",
          quoted(text));
  }
  return {};
}

class Judge {
 public:
  Judge(std::string path, Findings& findings) : path_(std::move(path)), findings_(findings) {}

  void text(std::string_view name, const std::string& value, Need /*need*/, TextRule rule) {
    say(path_of(name), judge(value, rule));
  }

  void optional_text(std::string_view name, const std::optional<std::string>& value,
                     TextRule rule) {
    if (!value) return;
    say(path_of(name),
        value->empty() ? "expected a text, found an empty one" : judge(*value, rule));
  }

  void texts(std::string_view name, const std::vector<std::string>& values, Need need) {
    if (need == Need::optional && values.empty()) return;
    const auto path = path_of(name);
    if (values.empty()) say(path, "expected a program and its arguments, found an empty list");
    if (!values.empty() && values[0].empty()) {
      say(fmt::format("{}[0]", path), "expected a program, found an empty text");
    }
  }

  void pairs(std::string_view name, const std::map<std::string, std::string>& values) {
    for (const auto& [key, value] : values)
      say(setting_path(path_of(name), key), judge_variable(key));
  }

  void variables(std::string_view name, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto path = fmt::format("{}[{}]", path_of(name), i);
      say(path, judge_variable(values[i]));
      if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        say(path, fmt::format("{} stands twice", quoted(values[i])));
    }
  }

  void flag(std::string_view /*name*/, bool /*value*/) {}

  template <class Enum>
  void choice(std::string_view /*name*/, Enum /*value*/) {}

  void length(std::string_view name, Duration value, LengthBounds bounds) {
    if (value >= bounds.least && value <= bounds.most) return;
    say(path_of(name),
        fmt::format("expected a length from {} to {}, found {}", format_length(bounds.least),
                    format_length(bounds.most), format_length(value)));
  }

  void count(std::string_view name, unsigned value, CountBounds bounds) {
    if (value >= bounds.least && value <= bounds.most) return;
    say(path_of(name), fmt::format("expected a whole number from {} to {}, found {}", bounds.least,
                                   bounds.most, value));
  }

  template <class Fields>
  void group(std::string_view name, Fields fields) {
    Judge inner(path_of(name), findings_);
    fields(inner);
  }

  template <class T, class Fields>
  void named(std::string_view name, const std::vector<T>& values, Need /*need*/, Fields fields) {
    for (const auto& value : values) {
      const auto path = setting_path(path_of(name), value.name);
      say(path, judge_name(value.name));
      Judge inner(path, findings_);
      fields(inner, value);
    }
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view name) const {
    return setting_path(path_, name);
  }

  static bool is_variable(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
           });
  }

  static std::string judge_variable(const std::string& name) {
    if (!is_variable(name))
      return "expected the name of an environment variable: letters, digits and underscores";
    if (std::find(kSetByUnderstudy.begin(), kSetByUnderstudy.end(), name) != kSetByUnderstudy.end())
      return fmt::format("{} is set by Understudy and cannot be chosen", name);
    return {};
  }

  void say(const std::string& path, const std::string& what) {
    if (!what.empty() && !findings_.spoilt(path)) findings_.add(path, what);
  }

  std::string path_;
  Findings& findings_;
};

}  // namespace

void check_values(const Topology& topology, Findings& findings) {
  Judge judge_all("", findings);
  visit_topology(judge_all, topology);
}

}  // namespace understudy
