#include "eval/report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "eval/metrics.h"
#include "support/small_model.h"

namespace peapod {
namespace {

std::vector<std::string> keys_of(const auto& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

// Of 300 users, a third of them not ranked at all.
std::vector<uint32_t> made_ranks(uint64_t seed) {
  Random random(seed);
  std::vector<uint32_t> ranks(300);
  for (uint32_t& rank : ranks) {
    rank = random.uniform() < 0.33 ? kNotRanked : static_cast<uint32_t>(random.below(2 * kGreatestDepth));
  }
  return ranks;
}

TEST(MetricMap, HoldsTheKeysOfTheCommandLineInTheirOrder) {
  const double second = 1 / std::log2(3.0);
  const double fifth = 1 / std::log2(6.0);
  const double tenth = 1 / std::log2(11.0);
  const MetricMap expected = {{"sequential.full.hr@5", 2.0 / 4},
                              {"sequential.full.ndcg@5", (second + fifth) / 4},
                              {"sequential.full.hr@10", 3.0 / 4},
                              {"sequential.full.ndcg@10", (second + fifth + tenth) / 4},
                              {"sequential.full.mrr@10", (1.0 / 2 + 1.0 / 5 + 1.0 / 10) / 4},
                              {"topn.sampled99.hr@1", 1.0 / 5},
                              {"topn.sampled99.hr@5", 2.0 / 5},
                              {"topn.sampled99.ndcg@5", (1 + second) / 5},
                              {"topn.sampled99.hr@10", 4.0 / 5},
                              {"topn.sampled99.ndcg@10", (1 + second + tenth + tenth) / 5},
                              {"topn.sampled99.mrr@10", (1 + 1.0 / 2 + 1.0 / 10 + 1.0 / 10) / 5}};
  const MetricMap metrics = metrics_of({.full = {1, 4, 9, 10}, .sampled99 = {0, 1, 9, 9, kNotRanked}});
  ASSERT_EQ(metrics.size(), expected.size());
  for (size_t m = 0; m < metrics.size(); ++m) {
    EXPECT_EQ(metrics[m].first, expected[m].first);
    EXPECT_DOUBLE_EQ(metrics[m].second, expected[m].second) << metrics[m].first;
  }
}

TEST(MetricMap, SaysHowMuchOfTheCatalogueIsRecommendedAndHowPopularThatIs) {
  ProtocolRanks ranks = {.full = {0, 1, kNotRanked}, .sampled99 = {0, 0, 0}};
  const std::vector<uint32_t> popularity = {6, 3, 0, 1};
  EXPECT_EQ(metrics_of(ranks, popularity), metrics_of(ranks)) << "what was recommended is not known";
  ranks.recommended = {{0, 1}, {1, 0}, {2}};
  EXPECT_EQ(metrics_of(ranks), metrics_of(ranks, {})) << "the popularity is not known";
  const MetricMap metrics = metrics_of(ranks, popularity);
  EXPECT_EQ(metric(metrics, "sequential.full.coverage@10"), 3.0 / 4);
  EXPECT_EQ(metric(metrics, "sequential.full.popularity@10"), (6 + 3 + 3 + 6 + 0) / 5.0);
  const std::string table = metric_table(metrics);
  EXPECT_EQ(std::ranges::count(table, '\n'), 2) << "they stand with the others of full ranking: " << table;
}

TEST(MetricMap, LooksAtTheFirstTenThatAreRecommended) {
  ProtocolRanks ranks = {.full = {0}, .sampled99 = {}};
  ranks.recommended = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  const std::vector<uint32_t> popularity(20, 4);
  EXPECT_EQ(metric(metrics_of(ranks, popularity), "sequential.full.coverage@10"), 10.0 / 20);
  ranks.recommended = {{}};
  EXPECT_EQ(metric(metrics_of(ranks, popularity), "sequential.full.popularity@10"), 0.0);
}

TEST(MetricMap, FindsAKeyAndNamesTheNearestToAnUnknownOne) {
  const MetricMap metrics = {{"sequential.full.hr@5", 0.25}, {"explanation.bleu4", 0.5}};
  EXPECT_EQ(metric(metrics, "sequential.full.hr@5"), 0.25);
  try {
    metric(metrics, "explanation.bleu");
    FAIL() << "an unknown key was found";
  } catch (const Error& error) {
    EXPECT_NE(error.remedy().find("explanation.bleu4"), std::string::npos) << error.what();
  }
}

TEST(MetricMap, BecomesOneLinePerGroup) {
  const MetricMap metrics = {{"a.bc.hr@5", 0.12345}, {"a.bc.hr@10", 1.0}, {"x.bleu4", 0.5}};
  EXPECT_EQ(metric_table(metrics), "a.bc   hr@5 0.1235   hr@10 1.0000\nx      bleu4 0.5000\n");
  EXPECT_EQ(metric_table({}), "");
}

TEST(MetricMap, ShowsEachRowOfTheTableWhereItIsMeasuredAndMarkedToBe) {
  const ProtocolRanks ranks = {.full = made_ranks(1), .sampled99 = made_ranks(2)};
  const MetricMap metrics = metrics_of(ranks);
  const std::vector<std::string> intervals = keys_of(intervals_over_users(ranks));
  const std::vector<std::string> differences = keys_of(paired_differences(ranks, ranks));
  const std::string table = metric_table(metrics);
  for (const RankMetric& row : kRankMetrics) {
    for (const Protocol protocol : {Protocol::full, Protocol::sampled99}) {
      const std::string key = metric_key(row, protocol);
      SCOPED_TRACE(key);
      const bool measured = !row.only || row.only == protocol;
      EXPECT_EQ(std::ranges::count(keys_of(metrics), key), measured);
      EXPECT_EQ(std::ranges::count(intervals, key), measured && row.has_interval);
      EXPECT_EQ(std::ranges::count(differences, key), measured && row.has_interval);
      if (!measured) continue;
      const double mean = metric_mean(row, protocol == Protocol::full ? ranks.full : ranks.sampled99);
      EXPECT_EQ(metric(metrics, key), mean);
      EXPECT_NE(table.find(fmt::format("{}@{} {:.4f}", row.name, row.depth, mean)), std::string::npos) << table;
    }
  }
}

TEST(Report, HasNothingOfAProtocolThatWasNotRun) {
  const ProtocolRanks none;
  EXPECT_TRUE(metrics_of(none).empty());
  EXPECT_TRUE(intervals_over_users(none).empty());
  EXPECT_TRUE(paired_differences(none, none).empty());
  const ProtocolRanks full = {.full = made_ranks(1), .sampled99 = {}};
  const ProtocolRanks sampled = {.full = {}, .sampled99 = made_ranks(1)};
  for (const auto& keys :
       {keys_of(metrics_of(full)), keys_of(intervals_over_users(full)), keys_of(paired_differences(full, full))}) {
    ASSERT_FALSE(keys.empty());
    for (const std::string& key : keys) EXPECT_TRUE(key.starts_with("sequential.full.")) << key;
  }
  for (const auto& keys : {keys_of(metrics_of(sampled)), keys_of(intervals_over_users(sampled)),
                           keys_of(paired_differences(sampled, sampled))}) {
    ASSERT_FALSE(keys.empty());
    for (const std::string& key : keys) EXPECT_TRUE(key.starts_with("topn.sampled99.")) << key;
  }
}

TEST(IntervalsOverUsers, AreThoseOfTheCommandLineAndHoldTheMean) {
  const ProtocolRanks ranks = {.full = made_ranks(1), .sampled99 = made_ranks(2)};
  const EstimateMap intervals = intervals_over_users(ranks);
  EXPECT_EQ(keys_of(intervals), (std::vector<std::string>{"sequential.full.hr@10", "sequential.full.ndcg@10",
                                                          "topn.sampled99.hr@10", "topn.sampled99.ndcg@10"}));
  for (const auto& [key, e] : intervals) {
    EXPECT_EQ(e.value, metric(metrics_of(ranks), key)) << key;
    EXPECT_LT(e.low, e.value) << key;
    EXPECT_LT(e.value, e.high) << key;
    EXPECT_LT(e.high - e.low, 0.13) << key;  // four standard errors of a share among 300 users are .115
  }
}

TEST(PairedDifferences, OfEqualRanksAreZero) {
  const ProtocolRanks ranks = {.full = made_ranks(1), .sampled99 = made_ranks(2)};
  const EstimateMap differences = paired_differences(ranks, ranks);
  EXPECT_EQ(keys_of(differences), keys_of(intervals_over_users(ranks)));
  for (const auto& [key, e] : differences) {
    EXPECT_EQ(e.value, 0) << key;
    EXPECT_EQ(e.low, 0) << key;
    EXPECT_EQ(e.high, 0) << key;
  }
}

TEST(PairedDifferences, AreOursMinusTheirs) {
  const ProtocolRanks better = {.full = std::vector<uint32_t>(50, 0), .sampled99 = made_ranks(2)};
  const ProtocolRanks worse = {.full = std::vector<uint32_t>(50, kNotRanked), .sampled99 = made_ranks(3)};
  for (const auto& [key, e] : paired_differences(better, worse)) {
    EXPECT_NEAR(e.value, metric(metrics_of(better), key) - metric(metrics_of(worse), key), 1e-12) << key;
    EXPECT_LE(e.low, e.value) << key;
    EXPECT_LE(e.value, e.high) << key;
    if (key.starts_with("topn.")) continue;
    EXPECT_EQ(e.low, 1) << key << ": every user gains a whole hit";
  }
}

TEST(PairedDifferences, RefuseOtherUsers) {
  const ProtocolRanks full = {.full = {1, 2}, .sampled99 = {}};
  EXPECT_THROW(paired_differences(full, {.full = {1, 2, 3}, .sampled99 = {}}), Error);
  EXPECT_THROW(paired_differences(full, {.full = {}, .sampled99 = {1, 2}}), Error);
  EXPECT_THROW(paired_differences(full, {.full = {1, 2}, .sampled99 = {1, 2}}), Error);
}

TEST(MeansOverRuns, AreThoseOfEachMetric) {
  const std::vector<MetricMap> runs = {{{"a.hr@5", 0.25}, {"b.bleu4", 1}}, {{"a.hr@5", 0.75}, {"b.bleu4", 1}}};
  const EstimateMap means = means_over_runs(runs);
  ASSERT_EQ(keys_of(means), (std::vector<std::string>{"a.hr@5", "b.bleu4"}));
  const Estimate expected = mean_over_runs(std::vector<double>{0.25, 0.75});
  EXPECT_EQ(means[0].second.value, 0.5);
  EXPECT_EQ(means[0].second.low, expected.low);
  EXPECT_EQ(means[0].second.high, expected.high);
  EXPECT_EQ(means[1].second.low, 1) << "equal values leave no doubt";
}

TEST(MeansOverRuns, NeedTheSameMetricsOfEveryRun) {
  EXPECT_THROW(means_over_runs({}), Error);
  EXPECT_THROW(means_over_runs(std::vector<MetricMap>{{{"a.hr@5", 0.25}}, {{"a.hr@10", 0.75}}}), Error);
}

using Texts = std::vector<std::string>;

TEST(ExplanationMetrics, AreScoresAndSharesUnderTheKeysOfTheCommandLine) {
  SmallModel small;  // for its tokenizer
  const Texts sentences = {"The strap is great and works well", "the strap is great", "the strap is great", "nice"};
  const Texts references = {"the strap is great and works very well", "the strap is great", "a case", "a stand"};
  const Texts of_other_items = {"the case is great", "the strap is great", "the strap is good", "nice"};
  const OverlapScores scores = text_overlap(sentences, references);
  const OverlapScores legacy = text_overlap(sentences, references, {.legacy_tokenizer = &small->tokenizer()});
  ASSERT_NE(scores.rouge1, legacy.rouge1);
  const MetricMap expected = {{"explanation.bleu4", scores.bleu4},
                              {"explanation.rouge1", scores.rouge1},
                              {"explanation.rouge2", scores.rouge2},
                              {"explanation.rougeL", scores.rougeL},
                              {"explanation.distinct", 0.75},
                              {"explanation.changed_with_item", 0.5},
                              {"explanation.legacy.bleu4", legacy.bleu4},
                              {"explanation.legacy.rouge1", legacy.rouge1},
                              {"explanation.legacy.rouge2", legacy.rouge2},
                              {"explanation.legacy.rougeL", legacy.rougeL}};
  EXPECT_EQ(explanation_metrics({sentences, references, of_other_items}, small->tokenizer()), expected);
}

TEST(ExplanationMetrics, NeedAsManyTextsOfEachKind) {
  SmallModel small;
  const Texts one = {"nice"};
  EXPECT_TRUE(explanation_metrics({}, small->tokenizer()).empty());
  EXPECT_THROW(explanation_metrics({one, one, {}}, small->tokenizer()), Error);
  EXPECT_THROW(explanation_metrics({one, {}, one}, small->tokenizer()), Error);
}

}  // namespace
}  // namespace peapod
