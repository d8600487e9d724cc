// Explanations from reviews: for each review at most one sentence that says something good about a feature of the
// product ("great sound and solid build"). A rule, not a parser: a feature is a frequent noun-like word or pair of
// words, an opinion is a word of the built-in lexicon (explanations/opinion_lexicon.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explanations/explanation.h"

namespace peapod {

struct Review {
  uint32_t user = 0;
  uint32_t item = 0;
  Split split = Split::train;
  std::string_view text;  // plain text, UTF-8
};

// Shortest and longest sentence that is taken, in words.
inline constexpr size_t kMinExplanationWords = 3;
inline constexpr size_t kMaxExplanationWords = 20;

// In the order of the reviews. Features are found, and their frequencies counted, in training reviews alone. Sentences
// are lower-case ASCII with single blanks. Deterministic.
std::vector<Explanation> mine_explanations(std::span<const Review> reviews);

}  // namespace peapod
