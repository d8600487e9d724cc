// What a trained model says of its training, so that another one can be trained alike where nothing is held out to
// choose such things on. Reads files; safe from any thread.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "model/search_trust.h"
#include "train/trainer.h"

namespace peapod {

struct EarlierTraining {
  std::string model;  // PeapodModel::identity()
  std::string data;   // Dataset::identity() of the prepared directory
  // All that decides which weights come out, with the settings of recall and the trust that validation chose; the
  // learning rate of its latest run; and as max_steps the steps of the weights that it kept, without other limits.
  CreateOptions create;
  TrainOptions train;
};

// Of a model that was validated on held-out items. Throws Error where the directory is no trained model, lacks the
// state of its training, or was trained with nothing held out.
EarlierTraining read_earlier_training(const std::filesystem::path& directory);

}  // namespace peapod
