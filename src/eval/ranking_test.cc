#include "eval/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Each candidate's rank, by sorting them with the order that the header states.
uint32_t rank_by_sorting(std::span<const float> scores, uint32_t target, std::vector<uint32_t> candidates,
                         uint64_t tie_seed) {
  std::sort(candidates.begin(), candidates.end(), [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : mix64(tie_seed, a) > mix64(tie_seed, b);
  });
  return static_cast<uint32_t>(std::find(candidates.begin(), candidates.end(), target) - candidates.begin());
}

TEST(Ranking, AgreesWithSortingOnRandomScoresWithTies) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<float> scores(2 + random.below(30));
    for (float& score : scores) score = static_cast<float>(random.below(5));
    const auto target = static_cast<uint32_t>(random.below(scores.size()));
    std::vector<uint32_t> excluded;
    std::vector<uint32_t> allowed;
    for (uint32_t item = 0; item < scores.size(); ++item) {
      const bool exclude = item != target && random.uniform() < 0.3;
      (exclude ? excluded : allowed).push_back(item);
      if (exclude && random.uniform() < 0.5) excluded.push_back(item);  // repeats must not count twice
    }
    random.shuffle(excluded);
    const uint32_t expected = rank_by_sorting(scores, target, allowed, seed);
    EXPECT_EQ(rank_among_all(scores, target, excluded, seed), expected);
    std::vector<uint32_t> negatives;
    std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(negatives),
                 [&](uint32_t item) { return item != target; });
    EXPECT_EQ(rank_among_candidates(scores, target, negatives, seed), negatives.empty() ? kUnopposed : expected);
  }
}

TEST(Ranking, SpreadsTheTargetEvenlyOverEqualScores) {
  const std::vector<float> scores(10, 1.0f);
  std::vector<int> count(10);
  constexpr int kDraws = 10000;
  for (uint64_t seed = 0; seed < kDraws; ++seed) ++count[rank_among_all(scores, 3, {}, seed)];
  for (const int n : count) EXPECT_NEAR(n, kDraws / 10.0, 150);  // 5 standard deviations
}

TEST(Ranking, DoesNotRankAnExcludedTarget) {
  const std::vector<float> scores = {3, 2, 1};
  const std::vector<uint32_t> excluded = {0};
  EXPECT_EQ(rank_among_all(scores, 0, excluded, 1), kNotRanked);
  EXPECT_EQ(rank_among_all(scores, 1, excluded, 1), 0u);
}

TEST(Ranking, NeverRewardsNaN) {
  const std::vector<float> scores = {kNaN, 1, kNaN};
  const std::vector<uint32_t> negatives = {1, 2};
  EXPECT_EQ(rank_among_all(scores, 0, {}, 1), kNotRanked);
  EXPECT_EQ(rank_among_candidates(scores, 0, negatives, 1), kNotRanked);
  EXPECT_EQ(rank_among_all(scores, 1, {}, 1), 0u);
}

TEST(Ranking, OrdersInfiniteScores) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {-kInfinity, 0, kInfinity};
  EXPECT_EQ(rank_among_all(scores, 2, {}, 1), 0u);
  EXPECT_EQ(rank_among_all(scores, 1, {}, 1), 1u);
  EXPECT_EQ(rank_among_all(scores, 0, {}, 1), 2u);
}

TEST(BestAmongAll, HasTheItemOfEachRankAtItsPlace) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<float> scores(1 + random.below(60));
    for (float& score : scores) score = random.uniform() < 0.05 ? kNaN : static_cast<float>(random.below(8));
    std::vector<uint32_t> excluded;
    for (size_t i = random.below(5); i > 0; --i) excluded.push_back(static_cast<uint32_t>(random.below(scores.size())));
    const size_t n = 1 + random.below(15);
    const std::vector<uint32_t> best = best_among_all(scores, excluded, n, seed);
    size_t ranked = 0;
    for (uint32_t item = 0; item < scores.size(); ++item) {
      const uint32_t rank = rank_among_all(scores, item, excluded, seed);
      ranked += rank != kNotRanked;
      if (rank < n) {
        ASSERT_LT(rank, best.size());
        EXPECT_EQ(best[rank], item);
      }
    }
    EXPECT_EQ(best.size(), std::min(n, ranked));
  }
}

TEST(BestAmongAll, IsEmptyWhereNothingIsWanted) {
  EXPECT_TRUE(best_among_all(std::vector<float>{1, 2}, {}, 0, 1).empty());
}

TEST(Ranking, CountsDistinctItemsOfAList) {
  const std::vector<uint32_t> recommended = {7, 7, 4, 7, 9, 4, 2, 9};
  EXPECT_EQ(rank_in_list(recommended, 7), 0u);
  EXPECT_EQ(rank_in_list(recommended, 4), 1u);
  EXPECT_EQ(rank_in_list(recommended, 9), 2u);
  EXPECT_EQ(rank_in_list(recommended, 2), 3u);
  EXPECT_EQ(rank_in_list(recommended, 5), kNotRanked);
  EXPECT_EQ(rank_in_list({}, 5), kNotRanked);
}

}  // namespace
}  // namespace peapod
