#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "decode/beam_search.h"
#include "support/random_catalogue.h"

namespace peapod {
namespace {

// The queries for so many items with so many beams.
std::vector<ItemQuery> sized(std::vector<ItemQuery> queries, uint32_t num_items, uint32_t num_beams) {
  for (ItemQuery& query : queries) {
    query.num_items = num_items;
    query.num_beams = num_beams;
  }
  return queries;
}

// The summed log-probability of the item's tokens and the end id, over the model's whole vocabulary.
double score_of(const MarkovModel& model, size_t input, std::vector<int32_t> tokens) {
  tokens.push_back(kEndId);
  double score = 0;
  int32_t last = model.start_tokens[input];
  for (uint32_t step = 0; step < tokens.size(); ++step) {
    const auto logits = model.logits(step, last);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    last = tokens[step];
    score += logits[static_cast<size_t>(last)] - std::log(sum);
  }
  return score;
}

// Every allowed item scored and sorted: what a search of any cleverness must come to.
std::vector<ScoredItem> rank_all(const MarkovModel& model, size_t input, const Catalogue& catalogue,
                                 std::span<const uint32_t> items) {
  std::vector<ScoredItem> ranked;
  for (const uint32_t item : items) {
    ranked.push_back({item, static_cast<float>(score_of(model, input, catalogue.sequences[item]))});
  }
  std::ranges::sort(ranked, std::ranges::greater{}, &ScoredItem::score);
  return ranked;
}

void expect_same(const std::vector<ScoredItem>& found, const std::vector<ScoredItem>& expected, size_t count) {
  ASSERT_EQ(found.size(), count);
  for (size_t i = 0; i < count; ++i) {
    EXPECT_EQ(found[i].item, expected[i].item) << "rank " << i;
    EXPECT_NEAR(found[i].score, expected[i].score, 1e-5) << "rank " << i;
  }
}

TEST(SearchItems, WithABeamAsWideAsTheCatalogueIsExhaustive) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const uint32_t count = 1 + static_cast<uint32_t>(Random(seed).below(60));
    const Catalogue catalogue = Catalogue::random(seed, count);
    const MarkovModel model = random_model(seed, 2);
    const std::vector<ItemQuery> queries(2, ItemQuery{&catalogue.tree, {}});
    for (const uint32_t wanted : {1u, (count + 1) / 2, count}) {
      const auto found = search_items(model.step_function(), kAllTokens, sized(queries, wanted, count));
      for (size_t input = 0; input < 2; ++input) {
        expect_same(found[input], rank_all(model, input, catalogue, catalogue.items()), wanted);
      }
    }
  }
}

TEST(SearchItems, FindsOnlyCandidatesOnARestrictedTree) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Catalogue catalogue = Catalogue::random(seed, 60);
    const MarkovModel model = random_model(seed, 1);
    auto candidates = catalogue.items();
    Random(seed).shuffle(candidates);
    candidates.resize(12);
    const CatalogueTree tree = catalogue.tree.restricted_to(candidates);
    const std::vector<ItemQuery> queries = {{&tree, {}}};
    const auto found = search_items(model.step_function(), kAllTokens, sized(queries, 12, 12));
    expect_same(found[0], rank_all(model, 0, catalogue, candidates), 12);
  }
}

TEST(SearchItems, ExcludingItemsEqualsATreeWithoutThemAtAnyBeamWidth) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Catalogue catalogue = Catalogue::random(seed, 60);
    const MarkovModel model = random_model(seed, 1);
    auto items = catalogue.items();
    Random(seed).shuffle(items);
    const size_t num_excluded = 1 + seed;
    std::vector<uint32_t> excluded(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(num_excluded));
    const std::vector<uint32_t> allowed(items.begin() + static_cast<std::ptrdiff_t>(num_excluded), items.end());
    excluded.push_back(excluded.front());  // twice
    excluded.push_back(1000);              // not in the tree
    const CatalogueTree without = catalogue.tree.restricted_to(allowed);
    for (const uint32_t width : {3u, 8u, 60u}) {
      const std::vector<ItemQuery> with_exclusions = {{&catalogue.tree, excluded}};
      const std::vector<ItemQuery> restricted = {{&without, {}}};
      EXPECT_EQ(search_items(model.step_function(), kAllTokens, sized(with_exclusions, 3, width)),
                search_items(model.step_function(), kAllTokens, sized(restricted, 3, width)));
    }
  }
}

TEST(SearchItems, FillsTheListWithDistinctItemsHoweverNarrowTheBeam) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Catalogue catalogue = Catalogue::random(seed, 40);
    const MarkovModel model = random_model(seed, 1);
    for (const uint32_t wanted : {1u, 7u, 50u}) {
      const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
      const auto found = search_items(model.step_function(), kAllTokens, sized(queries, wanted, wanted))[0];
      EXPECT_EQ(found.size(), std::min<size_t>(wanted, 40));
      EXPECT_TRUE(std::ranges::is_sorted(found, std::ranges::greater{}, &ScoredItem::score));
      std::set<uint32_t> distinct;
      for (const auto& [item, score] : found) {
        distinct.insert(item);
        EXPECT_NEAR(score, score_of(model, 0, catalogue.sequences[item]), 1e-5);
      }
      EXPECT_EQ(distinct.size(), found.size());
    }
  }
}

TEST(SearchItems, WithOneBeamFollowsTheBestChild) {
  // All names are equally long, so that nothing ends on the way.
  std::vector<std::vector<int32_t>> names;
  for (int32_t a = 2; a < 6; ++a) {
    for (int32_t b = 2; b < 6; ++b) names.push_back({a, b});
  }
  const Catalogue catalogue(names);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const MarkovModel model = random_model(seed, 1);
    std::vector<int32_t> path;
    int32_t last = model.start_tokens[0];
    for (uint32_t step = 0; step < 2; ++step) {
      const auto logits = model.logits(step, last);
      last = static_cast<int32_t>(std::max_element(logits.begin() + 2, logits.begin() + 6) - logits.begin());
      path.push_back(last);
    }
    const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
    const auto found = search_items(model.step_function(), kAllTokens, sized(queries, 1, 1))[0];
    EXPECT_EQ(catalogue.sequences[found.at(0).item], path);
  }
}

TEST(SearchItems, GivesEachInputOfABatchWhatItGetsAlone) {
  const Catalogue catalogue = Catalogue::random(8, 60);
  const MarkovModel model = random_model(8, 4);
  const CatalogueTree few = catalogue.tree.restricted_to(std::vector<uint32_t>{3, 14, 15});
  const CatalogueTree none = catalogue.tree.restricted_to({});
  const std::vector<uint32_t> excluded = {1, 2, 3};
  const std::vector<ItemQuery> queries = {
      {&catalogue.tree, {}, 5, 6}, {&none, {}, 5, 6}, {&few, {}, 4, 4}, {&catalogue.tree, excluded, 9, 30}};
  const auto together = search_items(model.step_function(), kAllTokens, queries);
  ASSERT_EQ(together.size(), 4u);
  for (size_t input = 0; input < 4; ++input) {
    const MarkovModel alone = model.alone(input);
    EXPECT_EQ(search_items(alone.step_function(), kAllTokens, std::span(&queries[input], 1))[0], together[input]);
  }
  EXPECT_TRUE(together[1].empty());
  EXPECT_EQ(together[2].size(), 3u);
  EXPECT_EQ(together[3].size(), 9u) << "each query has a number of items of its own";
}

TEST(SearchItems, DoesNotDependOnTheNumberOfThreads) {
  constexpr size_t kLarge = 3000;  // enough for the work to be split from the first step on
  const Catalogue catalogue = Catalogue::random(9, 200);
  const std::vector<ItemQuery> queries(50, ItemQuery{&catalogue.tree, {}});
  const int num_threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = search_items(hashed_logits(kLarge), tokens_below(kLarge), queries);
  omp_set_num_threads(3);
  const auto three = search_items(hashed_logits(kLarge), tokens_below(kLarge), queries);
  omp_set_num_threads(num_threads);
  EXPECT_EQ(one, three);
}

TEST(SearchItems, LetsAnItemCompeteWithOneThatContinuesIt) {
  const Catalogue catalogue({{5}, {5, 6}});
  MarkovModel model = random_model(1, 1);
  model.by_last[5] = std::vector<float>(kVocabulary, 0.0f);
  model.by_step.assign(kLongest + 1, std::vector<float>(kVocabulary, 0.0f));
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  const auto order = [&](float end_logit) {
    model.by_last[5][kEndId] = end_logit;
    const auto found = search_items(model.step_function(), kAllTokens, sized(queries, 2, 2))[0];
    return std::vector<uint32_t>{found.at(0).item, found.at(1).item};
  };
  EXPECT_EQ(order(9), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(order(-9), (std::vector<uint32_t>{1, 0}));
}

TEST(SearchItems, FindsTheOneItemOfACatalogueOfOne) {
  const Catalogue catalogue({{4, 4}});
  const MarkovModel model = random_model(2, 1);
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  const auto found = search_items(model.step_function(), kAllTokens, queries)[0];
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].item, 0u);
  EXPECT_NEAR(found[0].score, score_of(model, 0, {4, 4}), 1e-5);
}

TEST(SearchItems, OrdersEqualScoresByTheirTokens) {
  const Catalogue catalogue({{7}, {3, 2}, {5}, {3, 4}});
  MarkovModel model = random_model(1, 1);
  for (auto* table : {&model.by_last, &model.by_step}) {
    for (auto& row : *table) std::ranges::fill(row, 0.0f);
  }
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  const auto found = search_items(model.step_function(), kAllTokens, sized(queries, 4, 4))[0];
  std::vector<uint32_t> items;
  for (const auto& scored : found) items.push_back(scored.item);
  EXPECT_EQ(items, (std::vector<uint32_t>{2, 0, 1, 3}));
}

TEST(SearchItems, StopsAsSoonAsNoBeamCanReachTheList) {
  const Catalogue catalogue({{2}, {3, 3, 3, 3}});
  MarkovModel model = random_model(1, 1);
  for (auto* table : {&model.by_last, &model.by_step}) {
    for (auto& row : *table) std::ranges::fill(row, 0.0f);
  }
  model.by_step[0][2] = 20;  // item 0 is nearly certain
  model.by_step[1][kEndId] = 20;
  uint32_t num_steps = 0;
  const StepFunction step = [&, inner = model.step_function()](const DecodeStep& s, std::span<float> logits) {
    ++num_steps;
    inner(s, logits);
  };
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  EXPECT_EQ(search_items(step, kAllTokens, sized(queries, 1, 2))[0].at(0).item, 0u);
  EXPECT_EQ(num_steps, 2u);
  num_steps = 0;
  EXPECT_EQ(search_items(step, kAllTokens, sized(queries, 2, 2))[0].size(), 2u);
  EXPECT_EQ(num_steps, 5u);
}

TEST(SearchItems, ReadsEachLogitAsThatOfItsTokenInTheAlphabet) {
  // The items are written with 4, 40 and 400, which stand at places 2, 3 and 4 of the alphabet.
  const Catalogue catalogue({{4, 40}, {400}, {40, 4, 4}, {400, 400}});
  const std::vector<int32_t> alphabet = {kEndId, 3, 4, 40, 400};
  ASSERT_EQ(catalogue.tree.alphabet(), (std::vector<int32_t>{kEndId, 4, 40, 400}));
  const Catalogue renamed({{2, 3}, {4}, {3, 2, 2}, {4, 4}});
  const StepFunction by_place = [&](const DecodeStep& step, std::span<float> out) {
    for (size_t row = 0; row < step.tokens.size(); ++row) {
      const int32_t token = step.tokens[row];
      const auto place = step.index == 0 ? 0 : std::ranges::find(alphabet, token) - alphabet.begin();
      for (size_t column = 0; column < alphabet.size(); ++column) {
        out[row * alphabet.size() + column] =
            static_cast<float>(mix64(step.index, static_cast<uint64_t>(place), column) >> 40) * 0x1.0p-20f;
      }
    }
  };
  // The same search with tokens that are their own places, but for the end id, which stands first either way.
  const StepFunction by_token = [&](const DecodeStep& step, std::span<float> out) {
    std::vector<int32_t> tokens;
    for (const int32_t token : step.tokens) {
      tokens.push_back(step.index == 0 ? kPadId : alphabet[static_cast<size_t>(token)]);
    }
    by_place({step.index, tokens, step.parents, step.inputs}, out);
    for (size_t row = 0; row < tokens.size(); ++row) std::swap(out[row * 5], out[row * 5 + 1]);
  };
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  const std::vector<ItemQuery> renamed_queries = {{&renamed.tree, {}}};
  const auto found = search_items(by_place, alphabet, sized(queries, 4, 4));
  EXPECT_EQ(found, search_items(by_token, tokens_below(5), sized(renamed_queries, 4, 4)));
  EXPECT_EQ(found[0].size(), 4u);
}

TEST(SearchItems, AsksNothingOfTheModelWhenEverythingIsExcluded) {
  const Catalogue catalogue({{2}, {3}});
  const std::vector<uint32_t> excluded = {0, 1};
  const std::vector<ItemQuery> queries = {{&catalogue.tree, excluded}};
  const StepFunction step = [](const DecodeStep&, std::span<float>) { FAIL() << "a step without rows"; };
  EXPECT_TRUE(search_items(step, kAllTokens, queries).at(0).empty());
}

TEST(SearchItems, RejectsOptionsAndTreesThatDoNotFit) {
  const Catalogue catalogue({{2}, {8}});
  const MarkovModel model = random_model(1, 2);
  const auto search = [&](size_t vocabulary, uint32_t num_items, uint32_t num_beams) {
    const ItemQuery queries[] = {{&catalogue.tree, {}}, {&catalogue.tree, {}, num_items, num_beams}};
    return search_items(model.step_function(), tokens_below(vocabulary), queries);
  };
  EXPECT_THROW(search(kVocabulary, 0, 20), Error);
  EXPECT_THROW(search(kVocabulary, 5, 4), Error);
  EXPECT_THROW(search(8, 10, 20), Error) << "token 8 is beyond the alphabet";
  EXPECT_THROW(search(0, 10, 20), Error);
  EXPECT_NO_THROW(search(kVocabulary, 10, 20));
}

TEST(SearchItems, RejectsTheLogitsOfAModelThatHasDiverged) {
  const Catalogue catalogue({{2}, {3}});
  const std::vector<ItemQuery> queries = {{&catalogue.tree, {}}};
  const StepFunction step = [](const DecodeStep&, std::span<float> logits) {
    std::ranges::fill(logits, std::nanf(""));
  };
  EXPECT_THROW(search_items(step, kAllTokens, queries), Error);
}

}  // namespace
}  // namespace peapod
