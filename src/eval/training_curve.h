// What training wrote of its validations, for curves: the lines of a model directory's metrics.jsonl. Safe from any
// thread.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "eval/report.h"

namespace peapod {

struct TrainingPoint {
  double step = 0;
  double minutes = 0;
  double loss = 0;    // of recent steps
  bool best = false;  // its weights were kept
  MetricMap metrics;  // the `valid.` ones, without that word
};

// In the file's order, of steps that were trained again after a resume only the later; none where there is no such
// file, as for a model that was not validated. Throws Error that names the line where one is no such object.
std::vector<TrainingPoint> read_training_curve(const std::filesystem::path& file);

}  // namespace peapod
