// For tests of the item search: a random catalogue with items whose names are prefixes of others', and a random model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/random.h"
#include "decode/catalogue_tree.h"
#include "support/markov_model.h"

namespace peapod {

inline constexpr size_t kVocabulary = 9;
inline constexpr size_t kLongest = 4;

inline std::vector<int32_t> tokens_below(size_t count) {
  std::vector<int32_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

inline const std::vector<int32_t> kAllTokens = tokens_below(kVocabulary);

// Items named by distinct random sequences, prefixes of each other among them.
struct Catalogue {
  std::vector<std::vector<int32_t>> sequences;
  CatalogueTree tree;

  explicit Catalogue(std::vector<std::vector<int32_t>> names)
      : sequences(std::move(names)),
        tree(CatalogueTree::build(std::vector<std::span<const int32_t>>(sequences.begin(), sequences.end()))) {}

  static Catalogue random(uint64_t seed, size_t count) {
    Random draws(seed, 1);
    std::set<std::vector<int32_t>> distinct;
    while (distinct.size() < count) {
      std::vector<int32_t> sequence(1 + draws.below(kLongest));
      for (int32_t& token : sequence) token = 2 + static_cast<int32_t>(draws.below(kVocabulary - 2));
      distinct.insert(sequence);
    }
    std::vector<std::vector<int32_t>> names(distinct.begin(), distinct.end());
    draws.shuffle(names);
    return Catalogue(std::move(names));
  }

  std::vector<uint32_t> items() const {
    std::vector<uint32_t> all(sequences.size());
    std::iota(all.begin(), all.end(), 0u);
    return all;
  }
};

inline MarkovModel random_model(uint64_t seed, size_t inputs) {
  return MarkovModel::random(seed, kVocabulary, kLongest + 1, inputs);
}

}  // namespace peapod
