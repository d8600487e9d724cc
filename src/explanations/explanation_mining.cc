#include "explanations/explanation_mining.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "explanations/opinion_lexicon.h"
#include "sources/plain_text.h"

namespace peapod {
namespace {

// A word occurs as a noun where a determiner or an opinion stands before it and no further content word behind it
// ("the strap is", "great sound ."), so that adjectives inside noun groups ("the little pedal") do not count.
constexpr double kMinNounShare = 0.2;      // of a candidate's occurrences that look like a noun
constexpr uint32_t kMinReviews = 4;        // training reviews that hold a feature, at least …
constexpr double kMinReviewShare = 0.001;  // … and as a share of all of them
constexpr uint32_t kMinPairReviews = 8;    // the same for pairs of words, which are rarer and more easily chance
constexpr double kMinPairCohesion = 0.15;  // a pair's share of the occurrences of its rarer word
constexpr size_t kMaxOpinionDistance = 6;  // words between a feature and what is said of it

struct Sentence {
  std::vector<std::string> words;  // lower-case
  std::vector<bool> comma_after;   // [words]
  bool broken = false;             // holds characters that do not belong into a sentence (links, prices, lists)
};

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '\'' || c == '-'; }

void finish_word(std::string& word, Sentence& sentence) {
  const size_t first = word.find_first_not_of("'-");
  if (first != std::string::npos) {
    sentence.words.push_back(word.substr(first, word.find_last_not_of("'-") - first + 1));
    sentence.comma_after.push_back(false);
  }
  word.clear();
}

// Sentences end at . ! ? ; : and brackets; a period between digits ("3.5 mm") or letters ("e.g") only where a capital
// follows, since reviewers leave out the blank ("affordable.I did").
std::vector<Sentence> sentences_of(std::string_view review) {
  const std::string text = ascii_text(review);
  std::vector<Sentence> sentences(1);
  std::string word;
  const auto finish_sentence = [&] {
    finish_word(word, sentences.back());
    if (!sentences.back().words.empty()) {
      sentences.emplace_back();
    } else {
      sentences.back() = {};
    }
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (is_word_character(c)) {
      if (c == '-' && next == '-') {
        finish_word(word, sentences.back());
        if (!sentences.back().words.empty()) sentences.back().comma_after.back() = true;
        continue;
      }
      word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
      continue;
    }
    const bool inside_word = !word.empty() && std::isalnum(static_cast<unsigned char>(next)) != 0;
    if (c == '.' && inside_word && std::isupper(static_cast<unsigned char>(next)) == 0) {
      sentences.back().broken = true;  // a decimal number, a link, an abbreviation
      word.push_back('.');
      continue;
    }
    if (std::string_view(".!?;:()[]{}\"").find(c) != std::string_view::npos) {
      if (c == '"') {
        finish_word(word, sentences.back());
      } else {
        finish_sentence();
      }
      continue;
    }
    finish_word(word, sentences.back());
    if (c == ',' && !sentences.back().words.empty()) sentences.back().comma_after.back() = true;
    if (c != ',' && c != ' ') sentences.back().broken = sentences.back().broken || (c != '/' && c != '&');
    if (c == '&') {
      word = "and";
      finish_word(word, sentences.back());
    }
  }
  finish_sentence();
  sentences.pop_back();
  return sentences;
}

bool is_content_word(const std::string& word) {
  if (word.size() < 3 || is_stop_word(word) || is_negation(word) || is_determiner(word) || opinion_of(word) != 0) {
    return false;
  }
  return std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }) &&
         !word.ends_with("ly") && !word.ends_with("ed") && !(word.ends_with("ing") && word != "string");
}

struct Counts {
  uint32_t occurrences = 0;
  uint32_t as_noun = 0;
  uint32_t reviews = 0;
  uint32_t last_review = 0xffffffffu;
};

// Features and the number of training reviews that hold them.
class Features {
 public:
  void count(const Sentence& sentence, uint32_t review) {
    const auto& words = sentence.words;
    for (size_t i = 0; i < words.size(); ++i) {
      if (!is_content_word(words[i])) continue;
      add(words[i], looks_like_noun(sentence, i, i), review);
      if (pair_at(sentence, i)) add(words[i] + " " + words[i + 1], looks_like_noun(sentence, i, i + 1), review);
    }
  }

  // Keeps what is frequent and noun-like enough.
  void select(size_t num_reviews) {
    const auto share = static_cast<uint32_t>(std::ceil(kMinReviewShare * static_cast<double>(num_reviews)));
    const std::unordered_map<std::string, Counts> all = counts_;
    std::erase_if(counts_, [&](const auto& entry) {
      const auto& [name, counts] = entry;
      const size_t blank = name.find(' ');
      const bool pair = blank != std::string::npos;
      if (counts.reviews < std::max(pair ? kMinPairReviews : kMinReviews, share)) return true;
      if (counts.as_noun < kMinNounShare * counts.occurrences) return true;
      if (!pair) return false;
      const uint32_t rarer =
          std::min(all.at(name.substr(0, blank)).occurrences, all.at(name.substr(blank + 1)).occurrences);
      return counts.occurrences < kMinPairCohesion * rarer;
    });
  }

  struct Found {
    std::string name;
    size_t last = 0;  // index of its last word
    uint32_t reviews = 0;
  };
  // The feature that starts with the word at `i`, pairs first.
  std::optional<Found> at(const Sentence& sentence, size_t i) const {
    if (!is_content_word(sentence.words[i])) return std::nullopt;
    if (pair_at(sentence, i)) {
      const auto pair = counts_.find(sentence.words[i] + " " + sentence.words[i + 1]);
      if (pair != counts_.end()) return Found{pair->first, i + 1, pair->second.reviews};
    }
    const auto single = counts_.find(sentence.words[i]);
    if (single == counts_.end()) return std::nullopt;
    return Found{single->first, i, single->second.reviews};
  }

 private:
  static bool pair_at(const Sentence& sentence, size_t i) {
    return i + 1 < sentence.words.size() && !sentence.comma_after[i] && is_content_word(sentence.words[i + 1]);
  }

  static bool looks_like_noun(const Sentence& sentence, size_t first, size_t last) {
    if (first == 0 || sentence.comma_after[first - 1]) return false;
    const std::string& before = sentence.words[first - 1];
    const bool announced = is_determiner(before) || opinion_of(before) != 0;
    const bool group_ends =
        last + 1 == sentence.words.size() || sentence.comma_after[last] || !is_content_word(sentence.words[last + 1]);
    return announced && group_ends;
  }

  void add(const std::string& name, bool as_noun, uint32_t review) {
    Counts& counts = counts_[name];
    ++counts.occurrences;
    if (as_noun) ++counts.as_noun;
    if (counts.last_review != review) ++counts.reviews;
    counts.last_review = review;
  }

  std::unordered_map<std::string, Counts> counts_;
};

struct Candidate {
  double score = 0;
  std::string feature;
  const Sentence* sentence = nullptr;
};

// Whether a negation stands shortly before the word at `i`.
bool is_negated(const Sentence& sentence, size_t i) {
  for (size_t back = 1; back <= 3 && back <= i; ++back) {
    if (is_negation(sentence.words[i - back])) return true;
    if (sentence.comma_after[i - back]) return false;
  }
  return false;
}

// The opinion of the word at `i` in its place. Three words of the lexicon mean something only after certain others:
// "i like it" but not "sounds like", "the price is right" but not "right before", "works well" but not "as well".
int opinion_at(const Sentence& sentence, size_t i) {
  const std::string& word = sentence.words[i];
  const std::string_view before = i > 0 ? std::string_view(sentence.words[i - 1]) : std::string_view();
  const auto after = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), before) != words.end();
  };
  int opinion = opinion_of(word);
  if (word == "like" && !after({"i", "we", "really", "also", "do"})) opinion = 0;
  if (word == "right" && !after({"is", "are", "was", "were", "just"})) opinion = 0;
  if (word == "well" && after({"as"})) opinion = 0;
  return is_negated(sentence, i) ? -opinion : opinion;
}

// Words of the reviewer's life ("i", "my") or of wishes and conditions ("if", "wish") rather than of the product.
bool is_beside_the_point(const std::string& word) {
  static constexpr std::string_view kWords[] = {"i", "my", "me", "if", "wish", "would", "could", "should"};
  return word.starts_with("i'") || std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

// The best feature of a sentence with what is said of it; nothing where the sentence is no explanation.
std::optional<Candidate> judge(const Sentence& sentence, const Features& features) {
  const auto& words = sentence.words;
  if (sentence.broken || words.size() < kMinExplanationWords || words.size() > kMaxExplanationWords) {
    return std::nullopt;
  }
  std::vector<size_t> opinions;
  int sentiment = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const int opinion = opinion_at(sentence, i);
    if (opinion != 0) opinions.push_back(i);
    sentiment += opinion;
  }
  if (sentiment <= 0) return std::nullopt;  // an explanation says why to take the item
  const auto beside_the_point = std::count_if(words.begin(), words.end(), is_beside_the_point);
  Candidate best;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto feature = features.at(sentence, i);
    if (!feature) continue;
    size_t distance = words.size();
    for (const size_t opinion : opinions) {
      distance = std::min(distance, opinion < i ? i - opinion : opinion - std::min(opinion, feature->last));
    }
    if (distance <= kMaxOpinionDistance) {
      // Praise next to a well-known feature, told of the product rather than of the reviewer's life.
      const double score = 3.0 / static_cast<double>(distance) + 0.5 * std::log(1.0 + feature->reviews) +
                           0.5 * std::min(sentiment, 2) - 0.7 * static_cast<double>(beside_the_point) -
                           0.05 * static_cast<double>(words.size());
      if (best.sentence == nullptr || score > best.score) best = {score, feature->name, &sentence};
    }
    i = feature->last;
  }
  return best.sentence == nullptr ? std::nullopt : std::optional(best);
}

std::string text_of(const Sentence& sentence) {
  size_t first = 0, last = sentence.words.size();
  const auto is_joint = [](const std::string& word) { return word == "and" || word == "but" || word == "so"; };
  while (last - first > kMinExplanationWords && is_joint(sentence.words[first])) ++first;
  while (last - first > kMinExplanationWords && is_joint(sentence.words[last - 1])) --last;
  std::string text;
  for (size_t i = first; i < last; ++i) {
    text += sentence.words[i];
    if (i + 1 < last) text += sentence.comma_after[i] ? ", " : " ";
  }
  return text;
}

}  // namespace

std::vector<Explanation> mine_explanations(std::span<const Review> reviews) {
  std::vector<std::vector<Sentence>> sentences(reviews.size());
#pragma omp parallel for schedule(dynamic, 256)
  for (size_t r = 0; r < reviews.size(); ++r) sentences[r] = sentences_of(reviews[r].text);

  Features features;
  size_t num_training = 0;
  for (size_t r = 0; r < reviews.size(); ++r) {
    if (reviews[r].split != Split::train) continue;
    ++num_training;
    for (const Sentence& sentence : sentences[r]) features.count(sentence, static_cast<uint32_t>(r));
  }
  features.select(num_training);

  std::vector<Explanation> explanations;
  for (size_t r = 0; r < reviews.size(); ++r) {
    std::optional<Candidate> best;
    for (const Sentence& sentence : sentences[r]) {
      auto candidate = judge(sentence, features);
      if (candidate && (!best || candidate->score > best->score)) best = std::move(candidate);
    }
    if (!best) continue;
    explanations.push_back(
        {reviews[r].user, reviews[r].item, reviews[r].split, best->feature, text_of(*best->sentence)});
  }
  return explanations;
}

}  // namespace peapod
