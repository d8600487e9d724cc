// What is measured of a rank: one table, from which metrics, tables, intervals and JSON are made (eval/report.h).
// Pure functions, safe from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/ranking.h"

namespace peapod {

struct RankMetric {
  std::string_view name;                        // shown as `name@depth`
  uint32_t depth = 0;                           // places that are looked at: a rank at or beyond it counts 0
  double (*value)(uint32_t rank);               // what a rank within the depth counts; 0 is the best rank
  std::optional<Protocol> only = std::nullopt;  // the one protocol it is measured under; nullopt: both
  bool has_interval = false;                    // also shown with an interval over users, and compared between methods
};

// Hit rate.
constexpr double hit(uint32_t) { return 1.0; }
// NDCG with one relevant item: 1 / log2(rank + 2), as the ideal order gives it rank 0 and a gain of 1.
double discounted_gain(uint32_t rank);
// Mean reciprocal rank: 1, 1/2, 1/3, …
constexpr double reciprocal_rank(uint32_t rank) { return 1.0 / (rank + 1.0); }

// To add a metric, add a row where tables and JSON shall show it; `value` may be a lambda and need not know the depth.
// Keys, means, tables, intervals, JSON and how many items a model is asked for (kGreatestDepth) follow from the row.
// Nothing else changes but the lists of keys that tests hold against the documented ones.
inline constexpr RankMetric kRankMetrics[] = {
    {.name = "hr", .depth = 1, .value = hit, .only = Protocol::sampled99},
    {.name = "hr", .depth = 5, .value = hit},
    {.name = "ndcg", .depth = 5, .value = discounted_gain},
    {.name = "hr", .depth = 10, .value = hit, .has_interval = true},
    {.name = "ndcg", .depth = 10, .value = discounted_gain, .has_interval = true},
    {.name = "mrr", .depth = 10, .value = reciprocal_rank},
};

// What training stops early by and item-kNN is tuned by, which need not be a row of the table.
inline constexpr RankMetric kChosenBy = {.name = "ndcg", .depth = 10, .value = discounted_gain};

// How many places the table looks at; a model that answers so many items answers enough.
inline constexpr uint32_t kGreatestDepth =
    std::max(kChosenBy.depth, std::ranges::max(kRankMetrics, {}, &RankMetric::depth).depth);

constexpr bool measured_under(const RankMetric& metric, Protocol protocol) {
  return !metric.only || *metric.only == protocol;
}

// `sequential.full`, `topn.sampled99`: what the keys of a protocol begin with.
std::string_view metric_prefix(Protocol protocol);

// `hr@5`.
std::string metric_name(const RankMetric& metric);

// `sequential.full.hr@5`, `topn.sampled99.hr@5`.
std::string metric_key(const RankMetric& metric, Protocol protocol);

// One value per user, the order of `ranks`; what paired intervals are made from (eval/bootstrap.h).
std::vector<double> metric_values(const RankMetric& metric, std::span<const uint32_t> ranks);

// Mean over users; 0 without users.
double metric_mean(const RankMetric& metric, std::span<const uint32_t> ranks);

}  // namespace peapod
