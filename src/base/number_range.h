// The numbers that a setting may be: one way to check them for flags, TOML keys and fields of files. Pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace peapod {

// Whole numbers, both ends included.
struct WholeRange {
  uint64_t least = 0;
  uint64_t greatest = std::numeric_limits<uint64_t>::max();

  bool contains(uint64_t value) const { return value >= least && value <= greatest; }
};

// Finite numbers, both ends included but for `above_least`.
struct RealRange {
  double least = 0;
  double greatest = std::numeric_limits<double>::max();
  bool above_least = false;  // true: `least` itself is outside

  bool contains(double value) const {  // false for NaN
    return (above_least ? value > least : value >= least) && value <= greatest;
  }
};

// `a whole number from 2 to 100`, `a number above 0`: what is expected, for messages.
std::string in_words(const WholeRange& range);
std::string in_words(const RealRange& range);

// The number that the whole text is, in decimal, where it is in the range; nothing otherwise: no sign, exponent or
// leading zero in a whole number, no blanks, no infinity, no NaN.
std::optional<uint64_t> number_in(const WholeRange& range, std::string_view text);
std::optional<double> number_in(const RealRange& range, std::string_view text);

}  // namespace peapod
