#include "eval/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/error.h"

namespace peapod {
namespace {

TEST(MetricMap, HoldsTheKeysOfTheCommandLineInTheirOrder) {
  const double second = 1 / std::log2(3.0);
  const double fifth = 1 / std::log2(6.0);
  const double tenth = 1 / std::log2(11.0);
  const MetricMap expected = {{"sequential.full.hr@5", 2.0 / 4},
                              {"sequential.full.ndcg@5", (second + fifth) / 4},
                              {"sequential.full.hr@10", 3.0 / 4},
                              {"sequential.full.ndcg@10", (second + fifth + tenth) / 4},
                              {"topn.sampled99.hr@1", 1.0 / 5},
                              {"topn.sampled99.hr@5", 2.0 / 5},
                              {"topn.sampled99.ndcg@5", (1 + second) / 5},
                              {"topn.sampled99.hr@10", 4.0 / 5},
                              {"topn.sampled99.ndcg@10", (1 + second + tenth + tenth) / 5}};
  const MetricMap metrics = metrics_of({.full = {1, 4, 9, 10}, .sampled99 = {0, 1, 9, 9, kNotRanked}});
  ASSERT_EQ(metrics.size(), expected.size());
  for (size_t m = 0; m < metrics.size(); ++m) {
    EXPECT_EQ(metrics[m].first, expected[m].first);
    EXPECT_DOUBLE_EQ(metrics[m].second, expected[m].second) << metrics[m].first;
  }
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

}  // namespace
}  // namespace peapod
