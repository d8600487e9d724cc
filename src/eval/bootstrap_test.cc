#include "eval/bootstrap.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

std::vector<double> normals(size_t count, double mean, uint64_t seed) {
  Random random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = mean + random.normal();
  return values;
}

TEST(Bootstrap, MatchesTheNormalIntervalOfALargeSample) {
  const std::vector<double> values = normals(4000, 0.3, 1);
  const Estimate estimate = bootstrap_mean(values);
  const double half_width = 1.96 / std::sqrt(4000.0);
  EXPECT_NEAR(estimate.high - estimate.value, half_width, 0.1 * half_width);
  EXPECT_NEAR(estimate.value - estimate.low, half_width, 0.1 * half_width);
}

TEST(Bootstrap, CoversTheTruthAboutNineteenTimesInTwenty) {
  int covered = 0;
  constexpr int kTrials = 200;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const Estimate estimate = bootstrap_mean(normals(100, 0.5, 1000 + trial), {.num_resamples = 500, .seed = trial});
    covered += estimate.low <= 0.5 && 0.5 <= estimate.high;
  }
  EXPECT_GE(covered, 178);  // 190 expected, 4 standard deviations
  EXPECT_LE(covered, 200);
}

TEST(Bootstrap, PairingRemovesWhatBothSidesShare) {
  const std::vector<double> theirs = normals(500, 0.0, 1);
  std::vector<double> ours = theirs;
  for (double& value : ours) value += 0.01;
  const Estimate difference = bootstrap_difference(ours, theirs);
  EXPECT_NEAR(difference.value, 0.01, 1e-12);
  EXPECT_NEAR(difference.low, 0.01, 1e-12);  // unpaired, the interval would be .12 wide on both sides
  EXPECT_NEAR(difference.high, 0.01, 1e-12);
}

TEST(Bootstrap, SwappingTheSidesMirrorsTheInterval) {
  const std::vector<double> a = normals(50, 0.2, 1);
  const std::vector<double> b = normals(50, 0.0, 2);
  const Estimate forward = bootstrap_difference(a, b);
  const Estimate backward = bootstrap_difference(b, a);
  EXPECT_NEAR(forward.value, -backward.value, 1e-12);
  EXPECT_NEAR(forward.low, -backward.high, 1e-12);
  EXPECT_NEAR(forward.high, -backward.low, 1e-12);
}

TEST(Bootstrap, PValuesAreSpreadEvenlyWhereThereIsNoDifference) {
  constexpr int kTrials = 400;
  int below_a_twentieth = 0;
  int below_a_half = 0;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const std::vector<double> ours = normals(80, 0.3, 2 * trial);
    const std::vector<double> theirs = normals(80, 0.3, 2 * trial + 1);
    const Difference difference = bootstrap_difference(ours, theirs, {.num_resamples = 500, .seed = trial});
    below_a_twentieth += difference.p_value < 0.05;
    below_a_half += difference.p_value < 0.5;
    const bool leaves_out_zero = difference.low > 0 || difference.high < 0;
    EXPECT_LT(leaves_out_zero ? difference.p_value : 0.0, 0.07) << trial;
    EXPECT_GT(leaves_out_zero ? 1.0 : difference.p_value, 0.03) << trial;
  }
  EXPECT_NEAR(below_a_twentieth, 20, 18);  // 4 standard deviations
  EXPECT_NEAR(below_a_half, 200, 40);
}

TEST(Bootstrap, PValuesAreTheSameFromBothSidesAndNeverZero) {
  const std::vector<double> a = normals(50, 2.0, 1);
  const std::vector<double> b = normals(50, 0.0, 2);
  EXPECT_DOUBLE_EQ(bootstrap_difference(a, b).p_value, 2.0 / 2001);
  EXPECT_DOUBLE_EQ(bootstrap_difference(b, a).p_value, 2.0 / 2001);
  EXPECT_EQ(bootstrap_difference(a, a).p_value, 1.0);
}

TEST(Bootstrap, RepeatsForASeedWhateverTheNumberOfThreads) {
  const std::vector<double> values = normals(300, 0.0, 3);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Estimate alone = bootstrap_mean(values);
  omp_set_num_threads(3);
  const Estimate together = bootstrap_mean(values);
  omp_set_num_threads(threads);
  EXPECT_EQ(alone.low, together.low);
  EXPECT_EQ(alone.high, together.high);
  EXPECT_NE(alone.low, bootstrap_mean(values, {.seed = 2}).low);
}

TEST(Bootstrap, OfOneUserIsThatUsersValue) {
  const std::vector<double> values = {0.7};
  const Estimate estimate = bootstrap_mean(values);
  EXPECT_EQ(estimate.value, 0.7);
  EXPECT_EQ(estimate.low, 0.7);
  EXPECT_EQ(estimate.high, 0.7);
}

TEST(Bootstrap, RejectsEmptyAndUnequalInput) {
  const std::vector<double> two = {1, 2};
  const std::vector<double> three = {1, 2, 3};
  EXPECT_THROW(bootstrap_mean({}), Error);
  EXPECT_THROW(bootstrap_mean(two, {.num_resamples = 0}), Error);
  EXPECT_THROW(bootstrap_difference(two, three), Error);
}

TEST(MeanOverRuns, MatchesStudentsInterval) {
  const std::vector<double> three = {1, 2, 3};  // mean 2, standard error 1/√3, t(2) = 4.3027
  const Estimate estimate = mean_over_runs(three);
  EXPECT_DOUBLE_EQ(estimate.value, 2.0);
  EXPECT_NEAR(estimate.high, 2.0 + 4.3027 / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(estimate.low, 2.0 - 4.3027 / std::sqrt(3.0), 1e-9);
}

TEST(MeanOverRuns, NarrowsTowardsTheNormalIntervalWithManyRuns) {
  // 31 runs of 1 and 30 of -1. The point of t with 60 degrees of freedom is 2.00030 in tables.
  std::vector<double> runs(61);
  for (size_t run = 0; run < runs.size(); ++run) runs[run] = run % 2 == 0 ? 1.0 : -1.0;
  const Estimate estimate = mean_over_runs(runs);
  const double mean = 1.0 / 61;
  const double variance = (61 - 61 * mean * mean) / 60;
  EXPECT_NEAR((estimate.high - estimate.value) / std::sqrt(variance / 61), 2.00030, 2e-5);
}

TEST(MeanOverRuns, KnowsNothingAboutTheSpreadOfOneRun) {
  const std::vector<double> one = {0.4};
  const Estimate estimate = mean_over_runs(one);
  EXPECT_EQ(estimate.value, 0.4);
  EXPECT_TRUE(std::isinf(estimate.low) && std::isinf(estimate.high));
  EXPECT_THROW(mean_over_runs({}), Error);
}

}  // namespace
}  // namespace peapod
