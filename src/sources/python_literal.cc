#include "sources/python_literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

namespace peapod {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// A code point as JSON writes it: `\u00e9`, in two halves beyond the first 2^16.
std::string escaped(uint32_t code_point) {
  if (code_point < 0x10000) return fmt::format("\\u{:04x}", code_point);
  const uint32_t above = code_point - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) {}

  std::string json() {
    while (place_ < text_.size()) {
      const char c = text_[place_];
      if (c == '\'' || c == '"') {
        add_text(c);
      } else if (is_word(c)) {
        add_word();
      } else {
        json_ += c;
        ++place_;
      }
    }
    return std::move(json_);
  }

 private:
  // A number, a constant, or the prefix of a text, which says nothing here.
  void add_word() {
    const size_t begin = place_;
    while (place_ < text_.size() && is_word(text_[place_])) ++place_;
    const std::string_view word = text_.substr(begin, place_ - begin);
    if (word == "u" && place_ < text_.size() && (text_[place_] == '\'' || text_[place_] == '"')) return;
    json_ += word == "None" ? "null" : word == "True" ? "true" : word == "False" ? "false" : word;
  }

  void add_text(char quote) {
    json_ += '"';
    for (++place_; place_ < text_.size() && text_[place_] != quote; ++place_) {
      const char c = text_[place_];
      if (c == '\\') {
        add_escape();
      } else if (c == '"') {
        json_ += "\\\"";
      } else if (static_cast<unsigned char>(c) < 0x20) {
        json_ += escaped(static_cast<unsigned char>(c));
      } else {
        json_ += c;
      }
    }
    if (place_ == text_.size()) return;  // never closed: no JSON
    json_ += '"';
    ++place_;
  }

  // Leaves the place at the last character of the escape.
  void add_escape() {
    if (place_ + 1 == text_.size()) return;
    const char kind = text_[++place_];
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0) {
      const auto code_point = hex_after(digits);
      if (!code_point) {
        json_ += "\\?";  // no escape of JSON's
        return;
      }
      json_ += escaped(*code_point);
      place_ += digits;
    } else if (kind == '\'') {
      json_ += '\'';
    } else if (std::string_view("\\\"nrtbf").find(kind) != std::string_view::npos) {
      json_ += {'\\', kind};
    } else {
      json_ += {'\\', '\\', kind};  // as Python has it: the backslash stands for itself
    }
  }

  // The number in so many digits after the place.
  std::optional<uint32_t> hex_after(size_t digits) const {
    const std::string_view number = text_.substr(place_ + 1, digits);
    uint32_t value = 0;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value, 16);
    if (number.size() != digits || failure != std::errc{} || end != number.data() + digits || value > 0x10ffff) {
      return std::nullopt;
    }
    return value;
  }

  std::string_view text_;
  size_t place_ = 0;
  std::string json_;
};

}  // namespace

std::string json_of_python(std::string_view literal) { return Rewriter(literal).json(); }

}  // namespace peapod
