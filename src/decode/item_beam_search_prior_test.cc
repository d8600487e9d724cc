// search_items() of decode/beam_search.h with something believed beforehand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "decode/beam_search.h"
#include "support/random_catalogue.h"

namespace peapod {
namespace {

// Random masses for the items of a catalogue, all spread.
struct MadePrior {
  MadePrior(uint64_t seed, const CatalogueTree& tree, std::span<const uint32_t> excluded, const SearchTrust& weights)
      : mass(1000) {
    Random random(seed, 2);
    for (double& one : mass) one = random.uniform() + 1e-3;
    sums = PositionSums(tree, [&](uint32_t item) { return mass[item]; });
    prior.emplace(tree, Belief{.spread = &sums}, excluded, weights);
  }
  std::vector<double> mass;
  PositionSums sums;
  std::optional<SearchPrior> prior;
};

TEST(SearchItems, WithoutTrustInTheNetworkRanksAsThePriorDoes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Catalogue catalogue = Catalogue::random(seed, 50);
    const MarkovModel model = random_model(seed, 1);
    auto items = catalogue.items();
    Random(seed).shuffle(items);
    const std::vector<uint32_t> excluded(items.begin(), items.begin() + 8), allowed(items.begin() + 8, items.end());
    const CatalogueTree restricted = catalogue.tree.restricted_to(allowed);
    for (const bool is_restricted : {false, true}) {
      const CatalogueTree& tree = is_restricted ? restricted : catalogue.tree;
      const std::span<const uint32_t> left_out = is_restricted ? std::span<const uint32_t>() : std::span(excluded);
      const MadePrior made(seed, tree, left_out, {.trust = 0, .weight = 1});
      const std::vector<ItemQuery> queries = {{&tree, left_out, 42, 50, &*made.prior}};
      const auto found = search_items(model.step_function(), kAllTokens, queries)[0];
      double whole = 0;
      for (const uint32_t item : allowed) whole += made.mass[item];
      ASSERT_EQ(found.size(), allowed.size());
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i].score, std::log(made.mass[found[i].item] / whole), 1e-4);
        EXPECT_LE(found[i].score, found[i == 0 ? 0 : i - 1].score);
      }
    }
  }
}

TEST(SearchItems, WithAPriorScoresEachStepAmongTheAllowedChildren) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Catalogue catalogue = Catalogue::random(seed, 30);
    const MarkovModel model = random_model(seed, 1);
    const std::vector<uint32_t> excluded = {1, 5, 6, 7, 20};
    const SearchTrust weights{.trust = 0.6, .weight = 0.9};
    const MadePrior made(seed, catalogue.tree, excluded, weights);
    // Walks the tree by its definition: all items below a node, one by one.
    const auto mass_below = [&](std::span<const int32_t> prefix) {
      double mass = 0;
      for (uint32_t item = 0; item < catalogue.sequences.size(); ++item) {
        std::vector<int32_t> tokens = catalogue.sequences[item];
        tokens.push_back(kEndId);
        const bool below = tokens.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), tokens.begin());
        if (below && std::ranges::find(excluded, item) == excluded.end()) mass += made.mass[item];
      }
      return mass;
    };
    const auto score_of_item = [&](uint32_t item) {
      std::vector<int32_t> tokens = catalogue.sequences[item];
      tokens.push_back(kEndId);
      double score = 0;
      int32_t last = model.start_tokens[0];
      for (uint32_t step = 0; step < tokens.size(); ++step) {
        const auto logits = model.logits(step, last);
        std::vector<int32_t> prefix(tokens.begin(), tokens.begin() + step);
        double chosen = 0, sum = 0;
        for (int32_t token = 0; token < static_cast<int32_t>(kVocabulary); ++token) {
          prefix.push_back(token);
          const double mass = mass_below(prefix);
          prefix.pop_back();
          if (mass <= 0) continue;
          const double z = 0.6 * static_cast<double>(logits[static_cast<size_t>(token)]) + 0.9 * std::log(mass);
          sum += std::exp(z);
          if (token == tokens[step]) chosen = z;
        }
        score += chosen - std::log(sum);
        last = tokens[step];
      }
      return score;
    };
    const std::vector<ItemQuery> queries = {{&catalogue.tree, excluded, 25, 30, &*made.prior}};
    const auto found = search_items(model.step_function(), kAllTokens, queries)[0];
    ASSERT_EQ(found.size(), 25u);
    double sum = 0;
    for (const auto& [item, score] : found) {
      EXPECT_NEAR(score, score_of_item(item), 1e-4);
      sum += std::exp(static_cast<double>(score));
    }
    EXPECT_NEAR(sum, 1.0, 1e-4) << "the scores of all allowed items are a distribution";
  }
}

TEST(SearchItems, WithTrustInTheNetworkAloneTellsWhatIsImpossibleFromWhatIsNot) {
  const Catalogue catalogue({{2}, {3}});
  const MadePrior made(1, catalogue.tree, {}, {.trust = 1, .weight = 0});
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}, 10, 20, &*made.prior}};
  const StepFunction step = [](const DecodeStep& at, std::span<float> logits) {
    std::ranges::fill(logits, 0.0f);
    if (at.index == 0) logits[2] = -std::numeric_limits<float>::infinity();
  };
  const auto found = search_items(step, kAllTokens, queries)[0];
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].item, 1u);
  EXPECT_NEAR(found[0].score, 0.0, 1e-6) << "it is the only one that can be";
}

}  // namespace
}  // namespace peapod
