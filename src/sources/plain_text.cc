#include "sources/plain_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace peapod {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

struct Character {
  uint32_t code;  // kReplacement with valid == false for a byte that is not UTF-8
  size_t size;    // in bytes
  bool valid;
};

// Decodes the character at the front. Requires a text that is not empty.
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const Character bad{kReplacement, 1, false};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return bad;
  uint32_t code = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return bad;
    code = (code << 6) | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return bad;
  return {code, size, true};
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Blanks, control characters, no-break and typographic spaces.
bool is_space(uint32_t code) {
  return code <= 0x20 || (code >= 0x7f && code <= 0xa0) || (code >= 0x2000 && code <= 0x200d) || code == 0x2028 ||
         code == 0x2029 || code == 0x202f || code == 0x3000 || code == 0xfeff;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::array<std::pair<std::string_view, uint32_t>, 18> kEntities = {{
    {"amp", '&'},
    {"lt", '<'},
    {"gt", '>'},
    {"quot", '"'},
    {"apos", '\''},
    {"nbsp", ' '},
    {"copy", 0xa9},
    {"reg", 0xae},
    {"trade", 0x2122},
    {"eacute", 0xe9},
    {"deg", 0xb0},
    {"frac12", 0xbd},
    {"ndash", 0x2013},
    {"mdash", 0x2014},
    {"lsquo", 0x2018},
    {"rsquo", 0x2019},
    {"ldquo", 0x201c},
    {"rdquo", 0x201d},
}};

// The character reference at the front of `text` (which starts with '&'); size 0 when there is none.
Character first_entity(std::string_view text) {
  const Character none{0, 0, false};
  const size_t end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos || end < 2) return none;
  std::string_view body = text.substr(1, end - 1);
  if (body[0] != '#') {
    for (const auto& [name, code] : kEntities) {
      if (name == body) return {code, end + 1, true};
    }
    return none;
  }
  body.remove_prefix(1);
  const bool hexadecimal = body.starts_with('x') || body.starts_with('X');
  if (hexadecimal) body.remove_prefix(1);
  uint32_t code = 0;
  const auto [rest, failure] = std::from_chars(body.data(), body.data() + body.size(), code, hexadecimal ? 16 : 10);
  const bool whole = failure == std::errc{} && rest == body.data() + body.size();
  if (!whole || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return none;
  return {code, end + 1, true};
}

// Bytes of the tag at the front of `text` (which starts with '<'); 0 when it is a mere less-than sign.
size_t first_tag(std::string_view text) {
  if (text.size() < 2 || !(is_letter(text[1]) || text[1] == '/' || text[1] == '!')) return 0;
  const size_t end = text.find('>');
  return end == std::string_view::npos ? 0 : end + 1;
}

// Plain text without its commas; where a blank stood on both sides of one, a single one remains.
std::string without_commas(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ',' || (c == ' ' && (out.empty() || out.back() == ' '))) continue;
    out.push_back(c);
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Latin letters with accents, U+00C0 to U+00FF, by their base letters ('?' where there is none).
constexpr std::string_view kLatin = "AAAAAAACEEEEIIIIDNOOOOO?OUUUUY?saaaaaaaceeeeiiiidnooooo?ouuuuy?y";

char ascii_of(uint32_t code) {
  if (code < 0x80) return static_cast<char>(code < 0x20 || code == 0x7f ? ' ' : code);
  if (code >= 0xc0 && code <= 0xff) return kLatin[code - 0xc0] == '?' ? ' ' : kLatin[code - 0xc0];
  switch (code) {
    case 0x2018:
    case 0x2019:
    case 0x00b4:
    case 0x02bc:
      return '\'';
    case 0x201c:
    case 0x201d:
      return '"';
    case 0x2010:
    case 0x2011:
      return '-';
    default:
      return ' ';
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x80; })) return true;  // nearly always
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.size);
  }
  return true;
}

std::string repaired_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    append_utf8(out, c.code);
    text.remove_prefix(c.size);
  }
  return out;
}

std::string decoded_windows_1252(std::string_view text) {
  // Of the bytes 0x80 to 0x9f; 0 where Windows-1252 has none. All others are Latin-1, whose bytes are the code points.
  constexpr std::array<uint16_t, 32> kHigh = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                              0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                              0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                              0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    Character c = first_character(text);
    if (!c.valid) {
      const auto byte = static_cast<uint8_t>(text[0]);
      c.code = byte >= 0xa0 ? byte : kHigh[byte - 0x80] != 0 ? kHigh[byte - 0x80] : kReplacement;
    }
    append_utf8(out, c.code);
    text.remove_prefix(c.size);
  }
  return out;
}

std::string clean_name(std::string_view raw) {
  const auto trimmed = [](std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\v\f";
    constexpr std::string_view kNoBreak = "\xc2\xa0";
    for (;;) {
      const size_t before = text.size();
      if (!text.empty() && kBlanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
      if (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
      if (text.starts_with(kNoBreak)) text.remove_prefix(kNoBreak.size());
      if (text.ends_with(kNoBreak)) text.remove_suffix(kNoBreak.size());
      if (text.size() == before) return text;
    }
  };
  raw = trimmed(raw);
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return std::string(raw);
  raw = trimmed(raw.substr(1, raw.size() - 2));
  std::string name;
  for (size_t i = 0; i < raw.size(); ++i) {
    name.push_back(raw[i]);
    if (raw.substr(i, 2) == "\"\"") ++i;
  }
  return name;
}

std::string plain_text(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  bool blank = false;  // white space seen since the last character written
  const char* const after_tags = html.data() + (html.rfind('>') + 1);  // a tag that opens here or later has no end
  while (!html.empty()) {
    if (html[0] == '<' && html.data() < after_tags) {
      if (const size_t size = first_tag(html); size > 0) {
        blank = true;
        html.remove_prefix(size);
        continue;
      }
    }
    Character c = first_character(html);
    if (html[0] == '&') {
      if (const Character entity = first_entity(html); entity.size > 0) c = entity;
    }
    html.remove_prefix(c.size);
    if (is_space(c.code)) {
      blank = true;
      continue;
    }
    if (blank && !out.empty()) out.push_back(' ');
    blank = false;
    append_utf8(out, c.code);
  }
  return out;
}

std::string ascii_text(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Character c = first_character(utf8);
    out.push_back(ascii_of(c.code));
    utf8.remove_prefix(c.size);
  }
  return out;
}

std::string clean_title(std::string_view raw) {
  for (const std::string_view sign : {"getTime()", "function(", "{", "}", "document."}) {
    if (raw.find(sign) != std::string_view::npos) return {};
  }
  return plain_text(raw);
}

std::vector<std::string> clean_categories(const std::vector<std::string>& raw) {
  std::vector<std::string> categories;
  for (const std::string& name : raw) {
    const std::string clean = without_commas(clean_title(name));
    if (clean.empty() || clean.size() > 80) continue;
    if (std::find(categories.begin(), categories.end(), clean) == categories.end()) categories.push_back(clean);
  }
  return categories;
}

std::vector<std::string_view> split_fields(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

}  // namespace peapod
