#include "sources/price_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace peapod {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> number_from(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> price_in(std::string_view text) {
  const auto first = std::ranges::find_if(text, is_digit);
  if (first == text.end()) return std::nullopt;
  const auto last = std::find_if(text.rbegin(), text.rend(), is_digit).base();
  // What stands around the number is a currency, not a sign, another number or half a sentence.
  constexpr size_t kLongestCurrency = 5;
  const std::string_view before(text.begin(), first), after(last, text.end());
  const auto is_currency = [](std::string_view around) {
    return around.size() <= kLongestCurrency && around.find_first_of("-+~<>/%.,") == std::string_view::npos;
  };
  if (!is_currency(before) || !is_currency(after)) return std::nullopt;
  const std::string_view number(first, last);
  const size_t sign = number.find_last_of(".,");
  bool has_decimals = sign != std::string_view::npos;
  if (has_decimals) {
    const bool single = number.find_first_of(".,") == sign;
    const bool mixed = number.find(number[sign] == '.' ? ',' : '.') != std::string_view::npos;
    const bool thousands = number.size() - sign - 1 == 3 && number.substr(0, sign) != "0";
    has_decimals = mixed || (single && !thousands);
    if (mixed && std::ranges::count(number, number[sign]) > 1) return std::nullopt;
  }
  std::string plain;
  for (size_t i = 0; i < number.size(); ++i) {
    if (is_digit(number[i])) {
      plain += number[i];
    } else if (has_decimals && i == sign) {
      plain += '.';
    } else if (number[i] != '.' && number[i] != ',' && number[i] != ' ' && number[i] != '\'') {
      return std::nullopt;
    }
  }
  return number_from(plain);
}

std::optional<bool> availability_in(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.') {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  constexpr std::array kYes = {"true", "yes", "y", "t", "instock", "available", "active"};
  constexpr std::array kNo = {"false",       "no",       "n",       "f",           "outofstock",
                              "unavailable", "inactive", "soldout", "discontinued"};
  if (std::ranges::find(kYes, plain) != kYes.end()) return true;
  if (std::ranges::find(kNo, plain) != kNo.end()) return false;
  if (const auto left = number_from(plain)) return *left > 0;
  return std::nullopt;
}

}  // namespace peapod
