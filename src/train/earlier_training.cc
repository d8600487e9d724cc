#include "train/earlier_training.h"

#include <limits>

#include "base/error.h"
#include "eval/training_curve.h"
#include "model/model_directory.h"
#include "train/training_state.h"

namespace peapod {
namespace fs = std::filesystem;

EarlierTraining read_earlier_training(const fs::path& directory) {
  const std::string where = directory.string();
  const ModelDescription description = checked_description(directory);
  if (description.split == SplitRule::none) {
    throw Error(where, "was itself trained with nothing held out, so nothing was chosen there",
                "name a model that was trained with held-out items");
  }
  const fs::path state_file = directory / "training.safetensors";
  if (!fs::exists(state_file)) {
    throw Error(where, "has no training.safetensors, which says how it was trained",
                "copy the whole model directory, or train the model again");
  }
  const TrainingState state = read_training_state(state_file, description.identity);
  if (state.learning_rate == 0) {
    throw Error(state_file.string(), "does not tell the learning rate; an older peapod wrote it",
                "train that model again, or give this one its options and `max_steps` instead");
  }
  EarlierTraining earlier{.model = description.identity, .data = {}, .create = {}, .train = {}};
  read_options(state.identity, where, earlier.create, earlier.train);
  if (const std::string* data = value_in(state.identity, "data")) earlier.data = *data;
  earlier.create.recall = description.recall;
  earlier.train.trust = description.trust;
  earlier.train.learning_rate = state.learning_rate;
  earlier.train.warmup_steps = state.warmup_steps;
  earlier.train.max_epochs = std::numeric_limits<double>::infinity();
  earlier.train.max_steps = 0;
  for (const TrainingPoint& point : read_training_curve(directory / "metrics.jsonl")) {
    if (point.best) earlier.train.max_steps = static_cast<uint64_t>(point.step);
  }
  if (earlier.train.max_steps == 0) {
    throw Error(where, "its metrics.jsonl tells of no validation whose weights were kept",
                "give the number of steps with `max_steps` instead");
  }
  return earlier;
}

}  // namespace peapod
