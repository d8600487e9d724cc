#include "eval/comparison.h"

#include <fmt/format.h>

#include "base/error.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

void require_same_users(const RankRecord& first, const RankRecord& second) {
  const std::string where = fmt::format("{} and {}", first.source, second.source);
  const std::string remedy = "measure both on the same users of the same data";
  if (first.data_hash != second.data_hash) {
    throw Error(
        where,
        first.dataset == second.dataset
            ? fmt::format("are of two data sets named {} that differ in interactions, negatives or explanations",
                          first.dataset)
            : fmt::format("are of different data: {} and {}", first.dataset, second.dataset),
        remedy);
  }
  if (first.split != second.split) {
    throw Error(where, fmt::format("are of different splits: {} and {}", first.split, second.split), remedy);
  }
  const bool rank_both = !first.ranks.full.empty() && !second.ranks.full.empty();
  if (rank_both && first.ranks.seen_compete != second.ranks.seen_compete) {
    throw Error(where, "rank different items: one of them also those of the history",
                "measure both with `evaluate --include-seen`, both without, or both on data with the same `--repeats`");
  }
  if (first.num_users != second.num_users || first.users_hash != second.users_hash) {
    throw Error(where, fmt::format("are of different users: {} and {} of them", first.num_users, second.num_users),
                remedy);
  }
}

}  // namespace

std::vector<MetricComparison> compare(const ProtocolRanks& first, const ProtocolRanks& second,
                                      const BootstrapOptions& options) {
  std::vector<MetricComparison> comparisons;
  for (const Protocol protocol : kProtocols.values()) {
    const std::vector<uint32_t>& ours = first.under(protocol);
    const std::vector<uint32_t>& theirs = second.under(protocol);
    if (ours.empty() || theirs.empty()) continue;
    for (const RankMetric& row : kRankMetrics) {
      if (!measured_under(row, protocol)) continue;
      comparisons.push_back(
          {.key = metric_key(row, protocol),
           .first = metric_mean(row, ours),
           .second = metric_mean(row, theirs),
           .difference = bootstrap_difference(metric_values(row, ours), metric_values(row, theirs), options)});
    }
  }
  return comparisons;
}

std::vector<MetricComparison> compare(const RankRecord& first, const RankRecord& second) {
  require_same_users(first, second);
  std::vector<MetricComparison> comparisons =
      compare(first.ranks, second.ranks, {.num_resamples = kComparisonResamples});
  if (comparisons.empty()) {
    throw Error(fmt::format("{} and {}", first.source, second.source), "share no protocol",
                "rank the users under the same protocol");
  }
  return comparisons;
}

}  // namespace peapod
