#include "eval/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace peapod {

double discounted_gain(uint32_t rank) { return 1.0 / std::log2(rank + 2.0); }

std::string_view metric_prefix(Protocol protocol) {
  return protocol == Protocol::full ? "sequential.full" : "topn.sampled99";
}

std::string metric_name(const RankMetric& metric) { return fmt::format("{}@{}", metric.name, metric.depth); }

std::string metric_key(const RankMetric& metric, Protocol protocol) {
  return fmt::format("{}.{}", metric_prefix(protocol), metric_name(metric));
}

std::vector<double> metric_values(const RankMetric& metric, std::span<const uint32_t> ranks) {
  std::vector<double> values;
  for (const uint32_t rank : ranks) {
    if (rank != kUnopposed) values.push_back(rank < metric.depth ? metric.value(rank) : 0.0);
  }
  return values;
}

double metric_mean(const RankMetric& metric, std::span<const uint32_t> ranks) {
  const std::vector<double> values = metric_values(metric, ranks);
  return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace peapod
