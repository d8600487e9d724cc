// How close generated explanations come to the ones that users wrote: BLEU-4 and ROUGE with the formulas of the PETER
// and POD repositories (bleu.py and rouge.py), so that numbers compare. Checked against sacrebleu and rouge-score
// (golden_text_overlap_test.cc; docs/reference-differences.md says where they differ). Pure functions, safe from any
// thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace peapod {

// All from 0 to 1.
struct OverlapScores {
  // Over the whole corpus: geometric mean of the clipped 1- to 4-gram precisions times the brevity penalty, without
  // smoothing: 0 as soon as one order has no match.
  double bleu4 = 0;
  // Means over the pairs. 1 and 2: F1 of the sets of distinct n-grams. L: from the longest common subsequence, with
  // precision p, recall r and b = p / r: (1 + b²)·r·p / (r + b²·p). That weight b is the published code's.
  double rouge1 = 0;
  double rouge2 = 0;
  double rougeL = 0;
};

struct OverlapOptions {
  // Null, the default: texts are compared by overlap_words(), references in full.
  // Set: as POD's exp.py does it. References are cut to kLegacyReferenceTokens tokens of this tokenizer, both sides go
  // through the tokenizer and back, words are split at white space alone and keep their case.
  const Tokenizer* legacy_tokenizer = nullptr;
};

inline constexpr size_t kLegacyReferenceTokens = 20;

// Scores predictions[i] against references[i]. All 0 when there are none; an empty text scores 0. Throws Error when the
// counts differ.
OverlapScores text_overlap(std::span<const std::string> predictions, std::span<const std::string> references,
                           const OverlapOptions& options = {});

// Lower-case words of a text: a word is a run of ASCII letters and digits and of bytes beyond ASCII, with apostrophes
// inside it ("don't"); every other visible character is a word by itself.
std::vector<std::string> overlap_words(std::string_view text);

// Share of the predictions that are distinct texts, from 0 to 1; 0 when there are none.
double distinct_share(std::span<const std::string> predictions);

}  // namespace peapod
