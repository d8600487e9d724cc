// Training: steps over packed examples split between threads, validation on a ranking metric with early stop, atomic
// checkpoints, resuming. The same seed and number of threads give the same bits, interrupted or not, unless the budget
// is one of time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "model/peapod_model.h"
#include "train/adamw.h"
#include "train/sampler.h"
#include "train/training_identity.h"

namespace peapod {

struct TrainOptions {
  SamplerOptions sampler;
  AdamWOptions adamw;
  double learning_rate = 2e-3;  // peak; rises over warmup_steps, then falls linearly to 0 at the end of the budget
  uint64_t warmup_steps = 200;
  double max_epochs = 40;          // the budget ends with whichever of these three comes first
  uint64_t max_steps = 0;          // 0: no such limit
  double time_limit_minutes = 0;   // 0: no such limit; counts the training of earlier, resumed runs too
  uint32_t validations = 10;       // over the whole budget
  size_t validation_users = 1500;  // of the sequential task; a third as many of top-n, whose inputs are long
  uint32_t patience = 5;           // validations in a row without a better metric that end training
  double checkpoint_seconds = 60;
  uint64_t checkpoint_steps = 0;  // also every so many steps; 0: by time alone
  size_t shard_rows = 1024;       // rows that a thread works on at once: what stays in its cache
  Precision precision = Precision::f32;
  uint64_t seed = 1;
  // How the search weighs network and recall in each task, where nobody is evaluated on whom to choose it.
  std::array<SearchTrust, kNumTasks> trust = {};
  TrainingIdentity identity = {};  // what a resumed training must share with its beginning
};

struct TrainProgress {
  uint64_t step = 0;
  double budget_used = 0;  // 0 to 1
  double epochs = 0;
  double loss = 0;                  // weighted mean over the target tokens of recent steps
  double questions_per_second = 0;  // inputs with a target each
  double best_metric = 0;
};

struct TrainHooks {
  std::function<void(const TrainProgress&)> progress;  // after each step; may be empty
  std::function<void(const std::string&)> message;     // validations and the like; may be empty
  std::function<bool()> stop_requested;                // asked after each step; may be empty
};

struct TrainResult {
  uint64_t steps = 0;
  double minutes = 0;
  double first_loss = 0;  // of the first step that this run made
  double final_loss = 0;
  // Best validation NDCG@10, network and recall weighed as the loss has them: the geometric mean of the ranking tasks
  // that are trained. Nothing where nobody is evaluated.
  std::optional<double> best_metric = std::nullopt;
  bool interrupted = false;  // by stop_requested: go on with `resume`
};

// Trains `model` in its directory, which holds save_static()'s files: writes model.safetensors (the weights that
// validate best, the last ones where nobody is evaluated; where the search starts from what is recalled, the latest of
// those that are as good to half a percent), training.safetensors (to resume from) and metrics.jsonl there; `model`
// ends with these weights. With `resume` goes on from training.safetensors, where there is one.
TrainResult train(PeapodModel& model, const std::filesystem::path& directory, const TrainOptions& options, bool resume,
                  const TrainHooks& hooks);

}  // namespace peapod
