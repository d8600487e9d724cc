#include "prefs/popularity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace peapod {

std::vector<uint32_t> item_popularity(const Histories& train, uint32_t num_items) {
  std::vector<uint32_t> popularity(num_items);
  for (const auto& history : train) {
    for (const uint32_t item : history) {
      assert(item < num_items);
      ++popularity[item];
    }
  }
  return popularity;
}

std::vector<double> item_trend(const Histories& train, uint32_t num_items, double decay) {
  if (!(decay > 0.0 && decay <= 1.0)) {
    throw Error("trend_decay", fmt::format("expected a number above 0, 1 at most, got {:g}", decay));
  }
  constexpr double kMeanOccurrences = 2.0;  // as if each item had been seen so often with the mean of all
  constexpr double kGreatestTrend = 50.0;
  const std::vector<uint32_t> popularity = item_popularity(train, num_items);
  std::vector<double> trend(num_items);
  double sum = 0, occurrences = 0;
  for (const auto& history : train) {
    double weight = 1.0;
    for (size_t place = history.size(); place-- > 0; weight *= decay) {
      trend[history[place]] += weight;
      sum += weight;
    }
    occurrences += static_cast<double>(history.size());
  }
  const double mean = occurrences > 0 ? sum / occurrences : 1.0;
  for (uint32_t item = 0; item < num_items; ++item) {
    const double ratio = (trend[item] / mean + kMeanOccurrences) / (popularity[item] + kMeanOccurrences);
    trend[item] = std::clamp(ratio, 1.0 / kGreatestTrend, kGreatestTrend);
  }
  return trend;
}

}  // namespace peapod
