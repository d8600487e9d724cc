// What training needs to go on where it stopped: weights, optimizer moments, sampler position, validation history. One
// file, training.safetensors, written whole or not at all.
#pragma once

#include <filesystem>
#include <string>

#include "train/adamw.h"
#include "train/sampler.h"
#include "train/trainer.h"
#include "train/training_identity.h"

namespace peapod {

struct TrainingState {
  SamplerState sampler;
  double minutes = 0;       // of training so far, all runs
  double best_metric = -1;  // below any metric before the first validation
  uint64_t validations = 0;
  uint64_t bad_validations = 0;  // in a row without a better metric
  uint64_t last_validated = 0;   // step of the latest validation
  double recent_loss = 0;
  TrainingIdentity identity;  // of the beginning
  double learning_rate = 0;   // of the latest run; 0 where an older training kept neither this nor the next
  uint64_t warmup_steps = 0;
  std::string model = {};  // PeapodModel::identity()
};

void save_training_state(const std::filesystem::path& file, const TrainingState& state,
                         const Parameters<float>& parameters, AdamW& adamw);
// Throws Error when the file is damaged or does not belong to these parameters and the model of this identity.
TrainingState load_training_state(const std::filesystem::path& file, const std::string& model,
                                  Parameters<float>& parameters, AdamW& adamw);
// The same without weights and moments. Throws the same of what it reads.
TrainingState read_training_state(const std::filesystem::path& file, const std::string& model);

}  // namespace peapod
