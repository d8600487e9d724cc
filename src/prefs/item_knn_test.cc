#include "prefs/item_knn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

Histories views_of(const Lists& lists) { return {lists.begin(), lists.end()}; }

std::vector<float> scores_of(const ItemKnn& knn, const std::vector<uint32_t>& history) {
  std::vector<float> scores(knn.num_items(), -7.0f);  // must be overwritten
  knn.score(history, scores);
  return scores;
}

// The formula of the header, term by term, for one item j.
double slow_score(const Lists& train, const std::vector<uint32_t>& history, uint32_t j, const ItemKnnOptions& options) {
  const auto popularity = [&](uint32_t item) {
    double count = options.popularity_offset;
    for (const auto& list : train) count += static_cast<double>(std::count(list.begin(), list.end(), item));
    return count;
  };
  double score = 0.0;
  for (size_t k = 0; k < std::min<size_t>(history.size(), options.max_history); ++k) {
    const uint32_t i = history[history.size() - 1 - k];
    if (i == j) continue;
    double co = 0.0;
    for (const auto& list : train) {
      for (size_t at_i = 0; at_i < list.size(); ++at_i) {
        for (size_t at_j = 0; at_j < list.size(); ++at_j) {
          if (list[at_i] != i || list[at_j] != j) continue;
          const double distance = std::abs(static_cast<double>(at_i) - static_cast<double>(at_j));
          co += std::pow(distance, -options.distance_decay) * (at_j > at_i ? 1.0 : options.backward_weight);
        }
      }
    }
    if (co == 0.0) continue;
    score += std::pow(1.0 + static_cast<double>(k), -options.recency_decay) * co *
             std::pow(popularity(i), -options.source_damping) * std::pow(popularity(j), -options.target_damping);
  }
  return score;
}

TEST(ItemKnn, AgreesWithTheFormulaOnRandomHistories) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const uint32_t num_items = 12;
    Lists train(15);
    for (auto& list : train) {
      list.resize(random.below(9));  // empty ones and repeated items included
      for (auto& item : list) item = static_cast<uint32_t>(random.below(num_items - 1));  // the last item never occurs
    }
    std::vector<uint32_t> history(random.below(8));
    for (auto& item : history) item = static_cast<uint32_t>(random.below(num_items));
    const ItemKnnOptions options{.distance_decay = 1.5 * random.uniform(),
                                 .backward_weight = random.uniform(),
                                 .recency_decay = 2.0 * random.uniform(),
                                 .source_damping = random.uniform(),
                                 .target_damping = random.uniform(),
                                 .popularity_offset = random.uniform(),
                                 .max_history = static_cast<uint32_t>(1 + random.below(6))};
    const std::vector<float> scores = scores_of(ItemKnn(views_of(train), num_items, options), history);
    for (uint32_t j = 0; j < num_items; ++j) {
      const double expected = slow_score(train, history, j, options);
      EXPECT_NEAR(scores[j], expected, 1e-5 * (1.0 + expected)) << "item " << j;
    }
  }
}

TEST(ItemKnn, PrefersWhatFollowsOverWhatPrecedes) {
  const Lists train = {{0, 1, 2}};
  const std::vector<float> scores = scores_of(ItemKnn(views_of(train), 3, {}), {1});
  EXPECT_FLOAT_EQ(scores[2], 1.0f);
  EXPECT_FLOAT_EQ(scores[0], 1.0f / 1.5f);
}

TEST(ItemKnn, IgnoresTheOrderWhenTheBackwardWeightIsOne) {
  const Lists train = {{0, 1, 2}};
  const std::vector<float> scores = scores_of(ItemKnn(views_of(train), 3, {.backward_weight = 1.0}), {1});
  EXPECT_FLOAT_EQ(scores[0], scores[2]);
}

TEST(ItemKnn, ReadsOnlyTheLatestItems) {
  const Lists train = {{0, 1}, {2, 3}};
  const ItemKnn knn(views_of(train), 4, {.max_history = 1});
  const std::vector<float> scores = scores_of(knn, {0, 2});
  EXPECT_EQ(scores[1], 0.0f);
  EXPECT_GT(scores[3], 0.0f);
}

TEST(ItemKnn, GivesZeroForAnEmptyHistoryAndForAnItemWithoutTraining) {
  const Lists train = {{0, 1}};
  const ItemKnn knn(views_of(train), 3, {});
  EXPECT_EQ(scores_of(knn, {}), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(scores_of(knn, {2}), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(scores_of(knn, {0})[2], 0.0f);
}

TEST(ItemKnn, WorksWithoutTrainingHistories) {
  EXPECT_EQ(scores_of(ItemKnn({}, 2, {}), {0, 1}), (std::vector<float>{0, 0}));
  EXPECT_EQ(ItemKnn({}, 0, {}).num_items(), 0u);
}

TEST(ItemKnn, RejectsOptionsThatAreNegativeOrNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(ItemKnn({}, 1, {.distance_decay = -0.1}), Error);
  EXPECT_THROW(ItemKnn({}, 1, {.backward_weight = nan}), Error);
  EXPECT_THROW(ItemKnn({}, 1, {.popularity_offset = std::numeric_limits<double>::infinity()}), Error);
  EXPECT_THROW(ItemKnn({}, 1, {.max_history = 0}), Error);
}

}  // namespace
}  // namespace peapod
