#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/nearest_name.h"
#include "eval/metrics.h"

namespace peapod {
namespace {

constexpr size_t kListDepth = 10;  // of what is measured of the recommended items

// What is recommended, whether it was right or not.
void append_list_metrics(MetricMap& metrics, const std::vector<std::vector<uint32_t>>& recommended,
                         std::span<const uint32_t> popularity) {
  std::vector<bool> seen(popularity.size());
  size_t num_places = 0;
  double interactions = 0;
  for (const std::vector<uint32_t>& items : recommended) {
    for (const uint32_t item : std::span(items).first(std::min(items.size(), kListDepth))) {
      seen[item] = true;
      interactions += popularity[item];
      ++num_places;
    }
  }
  const auto covered = static_cast<double>(std::ranges::count(seen, true));
  metrics.emplace_back(fmt::format("{}.coverage@{}", metric_prefix(Protocol::full), kListDepth),
                       covered / static_cast<double>(popularity.size()));
  metrics.emplace_back(fmt::format("{}.popularity@{}", metric_prefix(Protocol::full), kListDepth),
                       num_places == 0 ? 0.0 : interactions / static_cast<double>(num_places));
}

// Calls visit(metric) for every metric of the protocol, if it was run and there was anything to rank against.
template <class Visit>
void for_each_metric(const ProtocolRanks& ranks, Protocol protocol, const Visit& visit) {
  if (!any_opposed(ranks.under(protocol))) return;
  for (const RankMetric& row : kRankMetrics) {
    if (measured_under(row, protocol)) visit(row);
  }
}

}  // namespace

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

MetricMap metrics_of(const ProtocolRanks& ranks, std::span<const uint32_t> popularity) {
  MetricMap metrics;
  for (const Protocol protocol : kProtocols.values()) {
    for_each_metric(ranks, protocol, [&](const RankMetric& row) {
      metrics.emplace_back(metric_key(row, protocol), metric_mean(row, ranks.under(protocol)));
    });
    if (protocol == Protocol::full && !ranks.recommended.empty() && !popularity.empty()) {
      append_list_metrics(metrics, ranks.recommended, popularity);
    }
  }
  return metrics;
}

EstimateMap intervals_over_users(const ProtocolRanks& ranks) {
  EstimateMap intervals;
  for (const Protocol protocol : kProtocols.values()) {
    for_each_metric(ranks, protocol, [&](const RankMetric& row) {
      if (!row.has_interval) return;
      intervals.emplace_back(metric_key(row, protocol), bootstrap_mean(metric_values(row, ranks.under(protocol))));
    });
  }
  return intervals;
}

EstimateMap paired_differences(const ProtocolRanks& ours, const ProtocolRanks& theirs) {
  for (const Protocol protocol : kProtocols.values()) {
    const size_t our_users = ours.under(protocol).size();
    const size_t their_users = theirs.under(protocol).size();
    if (our_users == their_users) continue;
    throw Error("paired differences",
                fmt::format("expected the same users on both sides, got {} and {}", our_users, their_users));
  }
  EstimateMap differences;
  for (const Protocol protocol : kProtocols.values()) {
    for_each_metric(ours, protocol, [&](const RankMetric& row) {
      if (!row.has_interval) return;
      differences.emplace_back(
          metric_key(row, protocol),
          bootstrap_difference(metric_values(row, ours.under(protocol)), metric_values(row, theirs.under(protocol))));
    });
  }
  return differences;
}

EstimateMap means_over_runs(std::span<const MetricMap> runs) {
  if (runs.empty()) throw Error("means over runs", "there are no runs");
  EstimateMap means;
  for (const auto& [key, first] : runs.front()) {
    std::vector<double> values;
    for (const MetricMap& run : runs) values.push_back(metric(run, key));
    means.emplace_back(key, mean_over_runs(values));
  }
  return means;
}

void append_overlap(MetricMap& metrics, const std::string& prefix, const OverlapScores& scores) {
  metrics.emplace_back(prefix + ".bleu4", scores.bleu4);
  metrics.emplace_back(prefix + ".rouge1", scores.rouge1);
  metrics.emplace_back(prefix + ".rouge2", scores.rouge2);
  metrics.emplace_back(prefix + ".rougeL", scores.rougeL);
}

MetricMap explanation_metrics(const ExplanationTexts& texts, const Tokenizer& tokenizer) {
  const size_t n = texts.sentences.size();
  if (texts.of_other_items.size() != n) {
    throw Error("explanations", fmt::format("expected {} of other items, got {}", n, texts.of_other_items.size()));
  }
  const OverlapScores scores = text_overlap(texts.sentences, texts.references);
  if (n == 0) return {};
  MetricMap metrics;
  append_overlap(metrics, "explanation", scores);
  metrics.emplace_back("explanation.distinct", distinct_share(texts.sentences));
  size_t changed = 0;
  for (size_t i = 0; i < n; ++i) changed += texts.sentences[i] != texts.of_other_items[i];
  metrics.emplace_back("explanation.changed_with_item", static_cast<double>(changed) / static_cast<double>(n));
  append_overlap(metrics, "explanation.legacy",
                 text_overlap(texts.sentences, texts.references, {.legacy_tokenizer = &tokenizer}));
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
