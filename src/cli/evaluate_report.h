// The page of `evaluate --report` (eval/html/page.h): measures the baselines that stand beside the model, on the same
// users, and writes it.
#pragma once

#include <string>

#include "data/dataset.h"
#include "eval/baselines.h"
#include "eval/population.h"
#include "eval/protocols.h"
#include "eval/report.h"
#include "model/peapod_model.h"

namespace peapod::cli {

// A model and what came of measuring it; all must outlive the call.
struct MeasuredModel {
  const std::string& directory;
  const PeapodModel& model;
  AnswerFunction answer;
  const Population& population;
  const ProtocolRanks& ranks;
  const MetricMap& metrics;
};

// Throws Error where the model directory's metrics.jsonl is damaged or the page cannot be written.
void write_report(const std::string& path, const MeasuredModel& measured, const EvaluationOptions& options);

// Settings of item-kNN that are best on validation: what a model must beat. Shows its progress.
ItemKnnOptions tuned_item_knn(const Dataset& data, uint64_t seed);

// What baselines rank for the measured users.
RankingProblem problem_of(const Dataset& data, const Population& population, Split split);

}  // namespace peapod::cli
