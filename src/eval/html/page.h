// The page that `evaluate --report` writes: figures with intervals beside the methods that a model must beat, results
// by kind of user, curves of training, and a few users looked at closely. One self-contained HTML document without
// scripts or anything from elsewhere, light and dark. Pure functions that use all threads; the same figures give the
// same page.
#pragma once

#include <string>
#include <vector>

#include "eval/population.h"
#include "eval/ranking.h"
#include "eval/report.h"
#include "eval/sample_users.h"
#include "eval/training_curve.h"

namespace peapod::html {

// A method that ranked for the measured users.
struct MethodRanks {
  std::string name;  // "item-kNN"
  std::string how;   // a sentence on how it was made
  ProtocolRanks ranks;
};

struct PageContents {
  std::string model;    // the model's name
  std::string dataset;  // that of the data set
  size_t num_items = 0;
  std::string split;               // valid or test
  std::vector<std::string> notes;  // sentences on how was measured, and warnings
  bool leaking_ids = false;
  Population population;
  std::vector<MethodRanks> methods;  // the model's first; at least that
  MetricMap explanations;            // the model's `explanation.` metrics; may be empty
  MetricMap sentence;                // those of the most frequent training sentence; may be empty
  std::vector<TrainingPoint> training;
  std::vector<SampleUser> users;
};

std::string page(const PageContents& contents);

}  // namespace peapod::html
