#include "sources/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <vector>

namespace peapod {
namespace {

constexpr double kDay = 86400;
constexpr double kYear2200 = 7258118400;  // 2200-01-01 in seconds since 1970
constexpr double kYear5000 = 95617584000;

std::optional<double> number_from(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Reads from the front of a text; each step says whether it fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool take(std::string_view one_of) {
    if (text_.empty() || one_of.find(text_.front()) == std::string_view::npos) return false;
    taken_ = text_.front();
    text_.remove_prefix(1);
    return true;
  }
  char taken() const { return taken_; }
  bool number(size_t least_digits, size_t most_digits, int& value) {
    size_t digits = 0;
    value = 0;
    while (digits < most_digits && digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') {
      value = 10 * value + (text_[digits++] - '0');
    }
    if (digits < least_digits) return false;
    text_.remove_prefix(digits);
    return true;
  }
  // The digits after a decimal sign.
  bool fraction(double& value) {
    value = 0;
    double place = 1;
    size_t digits = 0;
    for (int digit = 0; number(1, 1, digit); ++digits) value += digit * (place /= 10);
    return digits > 0;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
  char taken_ = '\0';
};

bool take_time_of_day(Scanner& scan, double& seconds) {
  int hour = 0, minute = 0, second = 0;
  double fraction = 0;
  if (!scan.number(1, 2, hour) || !scan.take(":") || !scan.number(2, 2, minute)) return false;
  if (scan.take(":")) {
    if (!scan.number(2, 2, second)) return false;
    if (scan.take(".,") && !scan.fraction(fraction)) return false;
  }
  if (hour > 24 || minute > 59 || second > 60) return false;  // 24:00 and leap seconds exist
  seconds += hour * 3600.0 + minute * 60.0 + second + fraction;
  return true;
}

bool take_zone(Scanner& scan, double& seconds) {
  scan.take(" ");
  if (scan.done() || scan.rest() == "Z" || scan.rest() == "z" || scan.rest() == "UTC" || scan.rest() == "GMT") {
    return true;
  }
  if (!scan.take("+-")) return false;
  const double sign = scan.taken() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!scan.number(2, 2, hours)) return false;
  scan.take(":");
  if (!scan.done() && !scan.number(2, 2, minutes)) return false;
  if (!scan.done() || hours > 14 || minutes > 59) return false;
  seconds -= sign * (hours * 3600.0 + minutes * 60.0);
  return true;
}

constexpr std::array<double, 4> kPerSecond = {1, 1e3, 1e6, 1e9};

}  // namespace

std::optional<double> iso_time(std::string_view text) {
  Scanner scan(text);
  int year = 0, month = 0, day = 0;
  if (!scan.number(4, 4, year) || !scan.take("-/")) return std::nullopt;
  const char dash = scan.taken();
  if (!scan.number(1, 2, month) || !scan.take(std::string_view(&dash, 1)) || !scan.number(1, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  double seconds = kDay * static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count());
  if (scan.done()) return seconds;
  if (!scan.take("Tt ") || !take_time_of_day(scan, seconds) || !take_zone(scan, seconds)) return std::nullopt;
  return seconds;
}

TimeUnit unit_of(std::span<const std::string> values) {
  std::vector<double> numbers;
  for (const std::string& value : values) {
    if (const auto number = number_from(value)) numbers.push_back(std::abs(*number));
  }
  if (numbers.empty()) return TimeUnit::seconds;
  std::ranges::nth_element(numbers, numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2));
  const double median = numbers[numbers.size() / 2];
  size_t unit = 0;
  while (unit + 1 < kPerSecond.size() && median >= kYear5000 * kPerSecond[unit]) ++unit;
  return static_cast<TimeUnit>(unit);
}

std::string_view name_of(TimeUnit unit) {
  constexpr std::array<std::string_view, 4> kNames = {"Unix seconds", "Unix milliseconds", "Unix microseconds",
                                                      "Unix nanoseconds"};
  return kNames[static_cast<size_t>(unit)];
}

std::optional<double> parse_time(std::string_view text, TimeUnit unit, std::string& problem) {
  if (const auto number = number_from(text)) {
    const double seconds = *number / kPerSecond[static_cast<size_t>(unit)];
    if (seconds >= 0 && seconds < kYear2200) return seconds;
    problem = fmt::format("expected {} from 1970 to 2200, got {}", name_of(unit), text.substr(0, 40));
    return std::nullopt;
  }
  const auto seconds = iso_time(text);
  if (!seconds) {
    problem = text.empty() ? "expected a time, got nothing"
                           : fmt::format("expected a number or a date such as 2024-01-31 12:00:00, got \"{}\"",
                                         text.substr(0, 40));
  } else if (*seconds < -70 * 365.25 * kDay || *seconds >= kYear2200) {
    problem = fmt::format("expected a date from 1900 to 2200, got {}", text.substr(0, 40));
    return std::nullopt;
  }
  return seconds;
}

}  // namespace peapod
