#include "eval/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Linear between the two nearest order statistics.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

// Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom; Cornish and Fisher's expansion beyond, which is
// within 1e-5 there.
double t_point(size_t degrees) {
  static constexpr std::array kPoints = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060,
                                         2.2622,  2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199,
                                         2.1098,  2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639,
                                         2.0595,  2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
  if (degrees <= kPoints.size()) return kPoints[degrees - 1];
  constexpr double kNormal = 1.959964;
  const auto n = static_cast<double>(degrees);
  const double cube = kNormal * kNormal * kNormal;
  const double fifth = cube * kNormal * kNormal;
  return kNormal + (cube + kNormal) / (4 * n) + (5 * fifth + 16 * cube + 3 * kNormal) / (96 * n * n);
}

// Means of the resamples, ascending.
std::vector<double> resampled_means(std::span<const double> values, const BootstrapOptions& options) {
  if (values.empty()) throw Error("bootstrap", "there are no users to draw from");
  if (options.num_resamples == 0) throw Error("bootstrap", "expected at least 1 resample, got 0");
  std::vector<double> means(options.num_resamples);
#pragma omp parallel for schedule(static)
  for (uint32_t resample = 0; resample < options.num_resamples; ++resample) {
    Random random(options.seed, resample);
    double sum = 0.0;
    for (size_t draw = 0; draw < values.size(); ++draw) sum += values[random.below(values.size())];
    means[resample] = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return means;
}

Estimate estimate_of(std::span<const double> values, const std::vector<double>& means) {
  return {.value = mean(values), .low = quantile(means, 0.025), .high = quantile(means, 0.975)};
}

// As Difference::p_value has it.
double p_value_of(const std::vector<double>& means) {
  const auto at_most_zero = std::upper_bound(means.begin(), means.end(), 0.0) - means.begin();
  const auto at_least_zero = means.end() - std::lower_bound(means.begin(), means.end(), 0.0);
  const auto fewer = static_cast<double>(std::min(at_most_zero, at_least_zero));
  return std::min(1.0, 2.0 * (fewer + 1.0) / (static_cast<double>(means.size()) + 1.0));
}

}  // namespace

Estimate bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  return estimate_of(values, resampled_means(values, options));
}

Difference bootstrap_difference(std::span<const double> ours, std::span<const double> theirs,
                                const BootstrapOptions& options) {
  if (ours.size() != theirs.size()) {
    throw Error("paired bootstrap", "expected one value per user on both sides, got " + std::to_string(ours.size()) +
                                        " and " + std::to_string(theirs.size()));
  }
  // The difference of the means of drawn pairs is the mean of their differences.
  std::vector<double> differences(ours.size());
  std::transform(ours.begin(), ours.end(), theirs.begin(), differences.begin(), std::minus<>());
  const std::vector<double> means = resampled_means(differences, options);
  return {estimate_of(differences, means), p_value_of(means)};
}

Estimate mean_over_runs(std::span<const double> values) {
  if (values.empty()) throw Error("mean over runs", "there are no runs");
  const double center = mean(values);
  if (values.size() == 1) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {.value = center, .low = -kInfinity, .high = kInfinity};
  }
  double squares = 0.0;
  for (const double value : values) squares += (value - center) * (value - center);
  const auto n = static_cast<double>(values.size());
  const double half_width = t_point(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return {.value = center, .low = center - half_width, .high = center + half_width};
}

}  // namespace peapod
