#include "base/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <utility>

namespace peapod {
namespace {

constexpr int kBarWidth = 20;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// "[=======>            ]"
std::string bar(double share) {
  const int filled = static_cast<int>(share * kBarWidth);
  std::string text(kBarWidth, ' ');
  std::fill_n(text.begin(), filled, '=');
  if (filled < kBarWidth) text[static_cast<size_t>(filled)] = '>';
  return "[" + text + "]";
}

}  // namespace

std::string readable_seconds(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", std::max(0.0, seconds));
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string readable_count(double count) {
  const double size = std::abs(count);
  if (size < 999.5 && count != std::floor(count)) {
    return fmt::format("{:.{}f}", count, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  }
  std::string digits = fmt::format("{:.0f}", count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

Progress::Progress(ProgressOutput output, std::string what, double total, std::string unit)
    : output_(std::move(output)), what_(std::move(what)), total_(total), unit_(std::move(unit)) {
  if (!output_.seconds) output_.seconds = steady_seconds;
}

Progress::~Progress() {
  if (output_.stream != nullptr && printed_width_ > 0 && !finished_) *output_.stream << '\n' << std::flush;
}

void Progress::update(double done, std::string_view note) {
  if (output_.stream == nullptr || finished_) return;
  done_ = done;
  note_ = note;
  const double now = output_.seconds();
  if (!started_) {
    started_ = true;
    start_done_ = done;
    start_seconds_ = now;
  } else {
    const double wait = output_.style == ProgressOutput::Style::bar ? ProgressOutput::kSecondsBetweenRedraws
                                                                    : ProgressOutput::kSecondsBetweenLines;
    if (now - printed_seconds_ < wait) return;
  }
  print(false);
}

void Progress::finish() {
  if (output_.stream == nullptr || finished_) return;
  if (started_) print(true);
  finished_ = true;
}

void Progress::print(bool last) {
  const double now = output_.seconds();
  printed_seconds_ = now;
  std::string text = line(now, last);
  if (output_.style == ProgressOutput::Style::lines) {
    *output_.stream << text << '\n';
  } else {
    const size_t width = text.size();
    text.resize(std::max(width, printed_width_), ' ');
    printed_width_ = width;
    *output_.stream << '\r' << text;
    if (last) *output_.stream << '\n';
  }
  output_.stream->flush();
}

std::string Progress::line(double now, bool last) const {
  const bool known = total_ > 0;
  const double share = known ? std::clamp(done_ / total_, 0.0, 1.0) : 0;
  const double taken = now - start_seconds_;
  const double speed = taken > 0 ? (done_ - start_done_) / taken : 0;

  std::string text = what_;
  if (known && output_.style == ProgressOutput::Style::bar) text += " " + bar(share);
  if (known) text += fmt::format(" {:3.0f}%", std::floor(100 * share));
  text += " " + readable_count(done_);
  if (known) text += "/" + readable_count(total_);
  text += " " + unit_;
  if (speed > 0) text += fmt::format(", {} {}/s", readable_count(speed), unit_);
  if (last) {
    text += ", took " + readable_seconds(taken);
  } else if (known && speed > 0) {
    text += ", " + readable_seconds((total_ - done_) / speed) + " left";
  }
  if (!note_.empty()) text += ", " + note_;
  return text;
}

}  // namespace peapod
