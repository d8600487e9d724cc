#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

TEST(RankMetrics, AreMeansOverUsersOfTheirValueWithinTheirDepth) {
  constexpr uint64_t kSeed = 5;
  Random random(kSeed);
  std::vector<uint32_t> ranks = {0, kGreatestDepth - 1, kGreatestDepth, kNotRanked};
  for (int user = 0; user < 200; ++user) ranks.push_back(static_cast<uint32_t>(random.below(2 * kGreatestDepth)));
  for (const RankMetric& metric : kRankMetrics) {
    SCOPED_TRACE(testing::Message() << metric.name << "@" << metric.depth << ", seed " << kSeed);
    const std::vector<double> values = metric_values(metric, ranks);
    ASSERT_EQ(values.size(), ranks.size());
    double sum = 0;
    for (size_t user = 0; user < ranks.size(); ++user) {
      double expected = 0;
      if (ranks[user] < metric.depth) expected = metric.value(ranks[user]);
      EXPECT_EQ(values[user], expected) << "rank " << ranks[user];
      sum += expected;
    }
    EXPECT_GT(sum, 0);
    EXPECT_EQ(metric_mean(metric, ranks), sum / static_cast<double>(ranks.size()));
  }
}

TEST(RankMetrics, MatchHandComputedValues) {
  const std::vector<uint32_t> ranks = {0, 4, 5, 9, 10, kNotRanked};
  const auto hit_rate = [&](uint32_t depth) {
    return metric_mean({.name = "hr", .depth = depth, .value = hit}, ranks);
  };
  EXPECT_DOUBLE_EQ(hit_rate(1), 1.0 / 6);
  EXPECT_DOUBLE_EQ(hit_rate(5), 2.0 / 6);
  EXPECT_DOUBLE_EQ(hit_rate(10), 4.0 / 6);
  const auto ndcg = [&](uint32_t depth) {
    return metric_mean({.name = "ndcg", .depth = depth, .value = discounted_gain}, ranks);
  };
  const double at_5 = 1.0 + 1.0 / std::log2(6.0);
  EXPECT_NEAR(ndcg(5), at_5 / 6, 1e-12);
  EXPECT_NEAR(metric_mean({.name = "mrr", .depth = 10, .value = reciprocal_rank}, ranks),
              (1.0 + 1.0 / 5 + 1.0 / 6 + 1.0 / 10) / 6, 1e-12);
  EXPECT_NEAR(ndcg(10), (at_5 + 1.0 / std::log2(7.0) + 1.0 / std::log2(11.0)) / 6, 1e-12);
}

TEST(RankMetrics, TakeAnyFunctionOfTheRankAtAnyDepth) {
  constexpr RankMetric kMrr3 = {.name = "mrr", .depth = 3, .value = [](uint32_t rank) { return 1.0 / (rank + 1.0); }};
  const std::vector<uint32_t> ranks = {1, 3, 0, kNotRanked};
  EXPECT_EQ(metric_values(kMrr3, ranks), (std::vector<double>{0.5, 0, 1, 0}));
  EXPECT_EQ(metric_mean(kMrr3, ranks), 1.5 / 4);
  EXPECT_EQ(metric_key(kMrr3, Protocol::full), "sequential.full.mrr@3");
}

TEST(RankMetrics, LeaveOutTargetsThatMetNothing) {
  const RankMetric first = {.name = "hr", .depth = 1, .value = hit};
  const std::vector<uint32_t> ranks = {kUnopposed, 0, kUnopposed, kNotRanked};
  EXPECT_EQ(metric_values(first, ranks), (std::vector<double>{1, 0}));
  EXPECT_EQ(metric_mean(first, ranks), 0.5);
  EXPECT_TRUE(any_opposed(ranks));
  EXPECT_FALSE(any_opposed(std::span(ranks).first(1)));
}

TEST(RankMetrics, AreZeroWithoutUsers) {
  for (const RankMetric& metric : kRankMetrics) {
    EXPECT_TRUE(metric_values(metric, {}).empty());
    EXPECT_EQ(metric_mean(metric, {}), 0.0);
  }
}

TEST(RankMetrics, HaveKeysOfTheirOwnAndDepthsUpToTheGreatest) {
  std::set<std::string> keys;
  uint32_t deepest = 0;
  for (const RankMetric& metric : kRankMetrics) {
    EXPECT_GE(metric.depth, 1u) << metric.name;
    deepest = std::max(deepest, metric.depth);
    for (const Protocol protocol : {Protocol::full, Protocol::sampled99}) {
      const std::string key = metric_key(metric, protocol);
      EXPECT_TRUE(keys.insert(key).second) << key << " occurs twice";
    }
  }
  EXPECT_EQ(kGreatestDepth, deepest);
}

}  // namespace
}  // namespace peapod
