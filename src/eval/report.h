// From ranks and texts to what is shown of them: metrics by name, their intervals and differences, a table.
// Pure functions that use all threads; results do not depend on their number.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/ranking.h"
#include "eval/text_overlap.h"
#include "text/tokenizer.h"

namespace peapod {

// Metrics by the names that the command line promises, in the order in which they are shown.
using MetricMap = std::vector<std::pair<std::string, double>>;

// The value of a metric in the map. Throws Error that names the nearest key.
double metric(const MetricMap& metrics, std::string_view key);

// The metrics of eval/metrics.h: those of `full`, then those of `sampled99`, each in the order of the table. A protocol
// that was not run has none. Where `ranks` says what was recommended and `popularity` [num_items] how often each item
// occurs in training, those of `full` end with `coverage@10`, the share of the catalogue that stands among somebody's
// first ten, and `popularity@10`, the mean number of training interactions of what stands there.
MetricMap metrics_of(const ProtocolRanks& ranks, std::span<const uint32_t> popularity = {});

// Estimates by the keys of the metrics that they are of, in the order of these.
using EstimateMap = std::vector<std::pair<std::string, Estimate>>;

// Bootstrap over users of the metrics that eval/metrics.h marks with has_interval; nothing for a protocol that was not
// run.
EstimateMap intervals_over_users(const ProtocolRanks& ranks);

// The same of ours minus theirs, paired by user. Throws Error unless both rank as many users under each protocol.
EstimateMap paired_differences(const ProtocolRanks& ours, const ProtocolRanks& theirs);

// Student's t over runs that differ by their seed, of each metric of the first one. Throws Error when there are none or
// a later one lacks a metric.
EstimateMap means_over_runs(std::span<const MetricMap> runs);

// What a model said, explanation by explanation; the views have equal lengths.
struct ExplanationTexts {
  std::span<const std::string> sentences;
  std::span<const std::string> references;      // what the users wrote
  std::span<const std::string> of_other_items;  // what the model says when it is asked about another item instead
};

// `explanation.` bleu4, rouge1, rouge2, rougeL, distinct (share of distinct sentences), changed_with_item (share that
// differs when asked about another item) and the four scores again under `explanation.legacy.`, as
// OverlapOptions::legacy_tokenizer has them. Nothing without sentences. Throws Error when the lengths differ.
MetricMap explanation_metrics(const ExplanationTexts& texts, const Tokenizer& tokenizer);

// Appends `prefix.bleu4`, `rouge1`, `rouge2` and `rougeL`.
void append_overlap(MetricMap& metrics, const std::string& prefix, const OverlapScores& scores);

// Readable lines, one per group of keys that share all but the last word:
// `sequential.full   hr@5 0.0554   ndcg@5 0.0414 …`. Ends with a line break unless empty.
std::string metric_table(const MetricMap& metrics);

}  // namespace peapod
