// From ranks to what is shown of them: metrics by name, and their table.
// Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/ranking.h"

namespace peapod {

// Metrics by the names that the command line promises, in the order in which they are shown.
using MetricMap = std::vector<std::pair<std::string, double>>;

// The value of a metric in the map. Throws Error that names the nearest key.
double metric(const MetricMap& metrics, std::string_view key);

// The metrics of eval/metrics.h: those of `full`, then those of `sampled99`, each in the order of the table. A protocol
// that was not run has none.
MetricMap metrics_of(const ProtocolRanks& ranks);

// Readable lines, one per group of keys that share all but the last word:
// `sequential.full   hr@5 0.0554   ndcg@5 0.0414 …`. Ends with a line break unless empty.
std::string metric_table(const MetricMap& metrics);

}  // namespace peapod
