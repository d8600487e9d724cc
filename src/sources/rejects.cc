#include "sources/rejects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace peapod {

std::string_view expectation_in(std::string_view reason) {
  return reason.substr(0, std::min(reason.find(", got "), reason.find(", but it ")));
}

std::string describe(const Reject& reject) {
  std::string text = reject.file;
  if (reject.line > 0) {
    text += reject.unit == "line" ? fmt::format(":{}", reject.line) : fmt::format(": {} {}", reject.unit, reject.line);
  }
  if (!reject.field.empty()) text += fmt::format(": field \"{}\"", reject.field);
  return text + ": " + reject.reason;
}

void Rejects::begin_file(std::string file, std::string_view unit) {
  file_ = std::move(file);
  unit_ = unit;
  line_ = file_lines_ = file_count_ = 0;
}

void Rejects::begin_line(uint64_t line) {
  line_ = line;
  ++file_lines_;
}

void Rejects::add(std::string field, std::string reason) {
  Reject reject{file_, line_, std::move(field), std::move(reason), unit_};
  if (file_count_++ == 0) file_first_ = reject;
  auto same = std::ranges::find_if(reasons_, [&](const RejectReason& known) {
    return known.first.field == reject.field && expectation_in(known.first.reason) == expectation_in(reject.reason);
  });
  if (same == reasons_.end()) {
    if (reasons_.size() < kReasons) reasons_.push_back({reject, 0});
    same = reasons_.end() - 1;
  }
  ++same->count;
  if (count_++ < kKept) first_.push_back(std::move(reject));
}

std::vector<RejectReason> Rejects::reasons() const {
  std::vector<RejectReason> sorted = reasons_;
  std::ranges::stable_sort(sorted, std::greater(), &RejectReason::count);
  return sorted;
}

void Rejects::end_file() const {
  if (static_cast<double>(file_count_) * 100.0 <= max_percent_ * static_cast<double>(file_lines_)) return;
  const bool of_query = unit_ != "line";
  const bool nothing_left = file_count_ == file_lines_;
  const double percent = 100.0 * static_cast<double>(file_count_) / static_cast<double>(file_lines_);
  throw Error(file_,
              fmt::format("{} of {} {}s ({:.3g} %) cannot be used, {:g} % are allowed; the first: {}", file_count_,
                          file_lines_, unit_, percent, max_percent_, describe(file_first_)),
              nothing_left && !of_query
                  ? "correct the file, or name the `format` that it has"
                  : fmt::format("correct the {}, or raise `max_bad_lines` to {:g} to go on without these {}s",
                                of_query ? "query" : "file", std::min(100.0, std::ceil(percent)), unit_));
}

}  // namespace peapod
