#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/nearest_name.h"
#include "eval/metrics.h"

namespace peapod {

double metric(const MetricMap& metrics, std::string_view key) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : metrics) {
    if (name == key) return value;
    keys.push_back(name);
  }
  const std::string nearest = nearest_name(key, keys);
  throw Error("metric \"" + std::string(key) + "\"", "not among the " + std::to_string(keys.size()) + " measured",
              nearest.empty() ? "" : "did you mean \"" + nearest + "\"?");
}

MetricMap metrics_of(const ProtocolRanks& ranks) {
  MetricMap metrics;
  const auto append = [&](Protocol protocol, std::span<const uint32_t> of) {
    if (of.empty()) return;
    for (const RankMetric& row : kRankMetrics) {
      if (measured_under(row, protocol)) metrics.emplace_back(metric_key(row, protocol), metric_mean(row, of));
    }
  };
  append(Protocol::full, ranks.full);
  append(Protocol::sampled99, ranks.sampled99);
  return metrics;
}

std::string metric_table(const MetricMap& metrics) {
  const auto group_of = [](const std::string& key) { return key.substr(0, key.rfind('.')); };
  size_t width = 0;
  for (const auto& [key, value] : metrics) width = std::max(width, group_of(key).size());
  std::string table;
  std::string group;
  for (const auto& [key, value] : metrics) {
    if (table.empty() || group_of(key) != group) {
      group = group_of(key);
      if (!table.empty()) table += '\n';
      table += fmt::format("{:<{}}", group, width);
    }
    const std::string name = key.substr(key.rfind('.') + 1);
    table += fmt::format("   {} {:.4f}", name, value);
  }
  if (!table.empty()) table += '\n';
  return table;
}

}  // namespace peapod
