// What a training is beside its budget: all that decides which weights come out of it. Recorded when it begins, so that
// whoever resumes it cannot ask for something else without being told. Plain data and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "model/peapod_model.h"

namespace peapod {

struct TrainOptions;

struct TrainingIdentity {
  // Fields of the options by name, with their values in text, and the contents of the data set.
  std::vector<std::pair<std::string, std::string>> fields;

  bool operator==(const TrainingIdentity&) const = default;
};

// Budget, validation, checkpoints and learning rate are no part of it: they may change, e.g. to train on.
TrainingIdentity identity_of(const Dataset& data, CreateOptions create, TrainOptions train);

// The value of a field; null where there is none.
const std::string* value_in(const TrainingIdentity& identity, std::string_view name);

// Sets all options that are fields of an identity to what it says. Throws Error, about `where`, for a field that is
// missing or has no value of its kind.
void read_options(const TrainingIdentity& identity, const std::string& where, CreateOptions& create,
                  TrainOptions& train);

// Throws Error, about `where`, that names the first field in which the two differ.
void require_same(const TrainingIdentity& began_with, const TrainingIdentity& now, const std::string& where);

}  // namespace peapod
