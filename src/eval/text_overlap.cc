#include "eval/text_overlap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace peapod {

namespace {

constexpr size_t kMaxOrder = 4;
constexpr char kSpaces[] = " \t\n\r\f\v";

using Words = std::vector<uint32_t>;  // texts as word numbers, so that n-grams compare fast

// Numbers words in order of appearance.
class WordNumbers {
 public:
  Words operator()(const std::vector<std::string>& words) {
    Words numbers;
    for (const std::string& word : words) {
      numbers.push_back(numbers_.try_emplace(word, static_cast<uint32_t>(numbers_.size())).first->second);
    }
    return numbers;
  }

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
};

using Ngram = std::array<uint32_t, kMaxOrder>;  // shorter ones end in zeros; orders are never mixed in one container

template <class Visit>
void for_each_ngram(const Words& words, size_t order, Visit visit) {
  for (size_t start = 0; start + order <= words.size(); ++start) {
    Ngram ngram{};
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(start), order, ngram.begin());
    visit(ngram);
  }
}

// compute_bleu() of bleu.py with one reference a text, max_order 4, smooth=False.
class Bleu {
 public:
  void add(const Words& prediction, const Words& reference) {
    prediction_length_ += prediction.size();
    reference_length_ += reference.size();
    for (size_t order = 1; order <= kMaxOrder; ++order) {
      std::map<Ngram, size_t> left;  // how often the reference may still be matched
      for_each_ngram(reference, order, [&](const Ngram& ngram) { ++left[ngram]; });
      for_each_ngram(prediction, order, [&](const Ngram& ngram) {
        ++possible_[order - 1];
        const auto found = left.find(ngram);
        if (found == left.end() || found->second == 0) return;
        --found->second;
        ++matches_[order - 1];
      });
    }
  }

  double score() const {
    double log_sum = 0;
    for (size_t i = 0; i < kMaxOrder; ++i) {
      if (matches_[i] == 0) return 0;
      log_sum += std::log(static_cast<double>(matches_[i]) / static_cast<double>(possible_[i]));
    }
    const double ratio = static_cast<double>(prediction_length_) / static_cast<double>(reference_length_);
    const double log_brevity = ratio > 1 ? 0 : 1 - 1 / ratio;
    return std::exp(log_sum / kMaxOrder + log_brevity);
  }

 private:
  std::array<size_t, kMaxOrder> matches_{};
  std::array<size_t, kMaxOrder> possible_{};
  size_t prediction_length_ = 0;
  size_t reference_length_ = 0;
};

double rouge_n(const Words& prediction, const Words& reference, size_t order) {
  std::set<Ngram> predicted;
  std::set<Ngram> expected;
  for_each_ngram(prediction, order, [&](const Ngram& ngram) { predicted.insert(ngram); });
  for_each_ngram(reference, order, [&](const Ngram& ngram) { expected.insert(ngram); });
  const auto common =
      std::count_if(predicted.begin(), predicted.end(), [&](const Ngram& ngram) { return expected.contains(ngram); });
  if (common == 0) return 0;
  return 2.0 * static_cast<double>(common) / static_cast<double>(predicted.size() + expected.size());
}

size_t longest_common_subsequence(const Words& a, const Words& b) {
  std::vector<size_t> row(b.size() + 1);  // row[j]: of the words of a so far and the first j of b
  for (const uint32_t word : a) {
    size_t diagonal = 0;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

double rouge_l(const Words& prediction, const Words& reference) {
  const auto common = static_cast<double>(longest_common_subsequence(prediction, reference));
  if (common == 0) return 0;
  const double p = common / static_cast<double>(prediction.size());
  const double r = common / static_cast<double>(reference.size());
  const double b = p / r;
  return (1 + b * b) * r * p / (r + b * b * p);
}

std::vector<std::string> split_at_spaces(std::string_view text) {
  std::vector<std::string> words;
  for (size_t start = text.find_first_not_of(kSpaces); start != text.npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, start), text.size());
    words.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

// ids2tokens() of POD's utils.py after a cut to `max_tokens`.
std::vector<std::string> legacy_words(const Tokenizer& tokenizer, std::string_view text, size_t max_tokens) {
  std::vector<int32_t> ids = tokenizer.encode(text);
  ids.resize(std::min(ids.size(), max_tokens));
  return split_at_spaces(tokenizer.decode(ids));
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

OverlapScores text_overlap(std::span<const std::string> predictions, std::span<const std::string> references,
                           const OverlapOptions& options) {
  if (predictions.size() != references.size()) {
    throw Error("text overlap", std::to_string(predictions.size()) + " predictions for " +
                                    std::to_string(references.size()) + " references; expected as many");
  }
  OverlapScores scores;
  if (predictions.empty()) return scores;
  const Tokenizer* legacy = options.legacy_tokenizer;
  WordNumbers numbers;
  Bleu bleu;
  for (size_t i = 0; i < predictions.size(); ++i) {
    const Words prediction =
        numbers(legacy ? legacy_words(*legacy, predictions[i], std::string::npos) : overlap_words(predictions[i]));
    const Words reference =
        numbers(legacy ? legacy_words(*legacy, references[i], kLegacyReferenceTokens) : overlap_words(references[i]));
    bleu.add(prediction, reference);
    scores.rouge1 += rouge_n(prediction, reference, 1);
    scores.rouge2 += rouge_n(prediction, reference, 2);
    scores.rougeL += rouge_l(prediction, reference);
  }
  const auto count = static_cast<double>(predictions.size());
  scores.bleu4 = bleu.score();
  scores.rouge1 /= count;
  scores.rouge2 /= count;
  scores.rougeL /= count;
  return scores;
}

std::vector<std::string> overlap_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool apostrophe_inside = c == '\'' && in_word && i + 1 < text.size() && is_word_byte(text[i + 1]);
    if (is_word_byte(c) || apostrophe_inside) {
      if (!in_word) words.emplace_back();
      in_word = true;
      words.back().push_back(lower(c));
    } else {
      in_word = false;
      if (c > ' ' && c <= '~') words.emplace_back(1, c);
    }
  }
  return words;
}

double distinct_share(std::span<const std::string> predictions) {
  if (predictions.empty()) return 0;
  const std::unordered_set<std::string_view> distinct(predictions.begin(), predictions.end());
  return static_cast<double>(distinct.size()) / static_cast<double>(predictions.size());
}

}  // namespace peapod
