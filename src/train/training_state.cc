#include "train/training_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "model/checkpoint.h"
#include "model/safetensors.h"

namespace peapod {

namespace {

using Json = nlohmann::json;

// The file cannot be had from anywhere but a copy, so what is wrong with it is not mended as elsewhere.
SafetensorsFile open_own(const std::filesystem::path& file) {
  try {
    return SafetensorsFile::open(file);
  } catch (const Error& error) {
    throw Error(error.where(), error.problem(), "copy the file again, or train anew under another name");
  }
}

// What `read` makes of the JSON object beside the tensors.
template <class Value, class Read>
Value of_state(const SafetensorsFile& stored, const std::filesystem::path& file, const Read& read) {
  try {
    return read(parse_json_object<Json>(stored.metadata().at("state"), file.string(), ""));
  } catch (const std::exception& error) {
    throw Error(file.string(), std::string("its training state cannot be read: ") + error.what());
  }
}

TrainingState state_of(const SafetensorsFile& stored, const std::filesystem::path& file, const std::string& model) {
  return of_state<TrainingState>(stored, file, [&](const Json& object) {
    TrainingState state;
    state.model = model;
    object.at("drawn").get_to(state.sampler.drawn);
    object.at("tokens").get_to(state.sampler.tokens);
    object.at("steps").get_to(state.sampler.steps);
    object.at("minutes").get_to(state.minutes);
    object.at("best_metric").get_to(state.best_metric);
    object.at("validations").get_to(state.validations);
    object.at("bad_validations").get_to(state.bad_validations);
    object.at("last_validated").get_to(state.last_validated);
    object.at("recent_loss").get_to(state.recent_loss);
    object.at("identity").get_to(state.identity.fields);
    if (object.contains("learning_rate")) {
      object.at("learning_rate").get_to(state.learning_rate);
      object.at("warmup_steps").get_to(state.warmup_steps);
    }
    return state;
  });
}

}  // namespace

void save_training_state(const std::filesystem::path& file, const TrainingState& state,
                         const Parameters<float>& parameters, AdamW& adamw) {
  const Json object = {
      {"drawn", state.sampler.drawn},
      {"tokens", state.sampler.tokens},
      {"steps", state.sampler.steps},
      {"adamw_steps", adamw.steps()},
      {"minutes", state.minutes},
      {"best_metric", state.best_metric},
      {"validations", state.validations},
      {"bad_validations", state.bad_validations},
      {"last_validated", state.last_validated},
      {"recent_loss", state.recent_loss},
      {"learning_rate", state.learning_rate},
      {"warmup_steps", state.warmup_steps},
      {"identity", state.identity.fields},
  };
  const size_t n = parameters.size();
  const NamedTensor tensors[] = {
      {"weights", {n}, parameters.values()},
      {"first_moments", {n}, adamw.first_moments()},
      {"second_moments", {n}, adamw.second_moments()},
  };
  write_safetensors(file, tensors, {{"state", object.dump()}, {kIdentityKey, state.model}});
}

TrainingState load_training_state(const std::filesystem::path& file, const std::string& model,
                                  Parameters<float>& parameters, AdamW& adamw) {
  const SafetensorsFile stored = open_own(file);
  require_identity(stored, file.string(), model);
  const auto read = [&](const char* name, std::vector<float>& into) {
    const auto values = stored.f32_view(name);
    if (values.size() != into.size()) {
      throw Error(file.string(),
                  fmt::format("holds {} values as \"{}\", the model has {}", values.size(), name, into.size()),
                  "resume with the options that training began with");
    }
    std::ranges::copy(values, into.begin());
  };
  read("weights", parameters.values());
  read("first_moments", adamw.first_moments());
  read("second_moments", adamw.second_moments());
  adamw.steps() =
      of_state<uint64_t>(stored, file, [](const Json& object) { return object.at("adamw_steps").get<uint64_t>(); });
  return state_of(stored, file, model);
}

TrainingState read_training_state(const std::filesystem::path& file, const std::string& model) {
  const SafetensorsFile stored = open_own(file);
  require_identity(stored, file.string(), model);
  return state_of(stored, file, model);
}

}  // namespace peapod
