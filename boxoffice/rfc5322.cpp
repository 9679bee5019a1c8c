#include "rfc5322.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kLineBytesMax = 76;
/// Of an encoded word without its frame of 12, so that "Subject: " stands before it on a line.
constexpr std::size_t kWordBytesMax = 54;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string escaped(char c) { return fmt::format("={:02X}", static_cast<unsigned char>(c)); }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Text of a header: as it is if nothing in it could mean anything, else as encoded words
/// (RFC 2047), no character divided between two.
std::string header_text(std::string_view text) {
  const bool plain =
      text.size() < kWordBytesMax &&
      std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c) || c == ' '; });
  if (plain) return std::string(text);
  std::string out = "=?UTF-8?Q?";
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && continues_character(text[end])) ++end;
    std::string character;
    for (; i < end; ++i)
      character += is_plain(text[i]) ? std::string(1, text[i]) : escaped(text[i]);
    if (used + character.size() > kWordBytesMax) {
      out += "?=\r\n =?UTF-8?Q?";
      used = 0;
    }
    out += character;
    used += character.size();
  }
  return out + "?=";
}

/// RFC 2045's quoted-printable: readable where the text is plain, safe in every server.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain =
        (text[i] > ' ' && text[i] < 0x7f && text[i] != '=') || (text[i] == ' ' && !ends_line);
    const std::string piece = plain ? std::string(1, text[i]) : escaped(text[i]);
    if (column + piece.size() > kLineBytesMax - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return column == 0 ? out : out + "\r\n";
}

std::string date_text(WallTime date) {
  const std::chrono::sys_time<std::chrono::seconds> second(
      std::chrono::floor<std::chrono::seconds>(date.time_since_epoch()));
  // Names of days and months in English: fmt asks no locale unless told to.
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                     fmt::gmtime(second.time_since_epoch().count()));
}

}  // namespace

std::string to_rfc5322(const Mail& mail, std::string_view from, WallTime date) {
  const std::string to = mail.name.empty()
                             ? mail.address
                             : fmt::format("{}\r\n <{}>", header_text(mail.name), mail.address);
  return fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "\r\n{}",
      date_text(date), from, to, header_text(mail.subject), mail.message_id,
      quoted_printable(mail.text));
}

}  // namespace understudy::boxoffice
