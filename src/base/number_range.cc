#include "base/number_range.h"

#include <fmt/format.h>

#include <charconv>

namespace peapod {
namespace {

template <class Range, class Value>
std::optional<Value> parse(const Range& range, std::string_view text, Value value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole_text = failure == std::errc{} && end == text.data() + text.size();
  return whole_text && range.contains(value) ? std::optional(value) : std::nullopt;
}

// Ends that stand for "no limit but that of the type".
constexpr uint64_t kHuge = std::numeric_limits<uint32_t>::max();
constexpr double kHugeReal = 1e15;

}  // namespace

std::string in_words(const WholeRange& range) {
  if (range.greatest < kHuge) return fmt::format("a whole number from {} to {}", range.least, range.greatest);
  return fmt::format("a whole number of {} or more, at most {}", range.least, range.greatest);
}

std::string in_words(const RealRange& range) {
  const std::string from = fmt::format("{} {:g}", range.above_least ? "above" : "from", range.least);
  if (range.greatest >= kHugeReal) {
    return range.above_least ? "a number " + from : fmt::format("a number of {:g} or more", range.least);
  }
  return fmt::format("a number {} to {:g}", from, range.greatest);
}

std::optional<uint64_t> number_in(const WholeRange& range, std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;  // octal to some readers, CLI11 among them
  return parse(range, text, uint64_t{0});
}

std::optional<double> number_in(const RealRange& range, std::string_view text) { return parse(range, text, 0.0); }

}  // namespace peapod
