// How the composer shared-prompts mixes users' prompts: the weights of single users, and what those of many say about
// the shared prompts. For `inspect` and the API. Pure functions that use all threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "model/peapod_model.h"

namespace peapod {

// α of PeaPOD §3.2, of one user. Each head's row sums to 1.
struct PromptWeights {
  Matrix by_head;           // [heads, num_prompts]
  std::vector<float> mean;  // [num_prompts], over the heads
};

// Those of some users of the model's data set, who are known by their whole histories, in their order. Throws Error
// unless the composer is shared-prompts.
std::vector<PromptWeights> prompt_weights(const PeapodModel& model, std::span<const uint32_t> users);

// The same of anybody, known by what the composer sees of them.
std::vector<PromptWeights> prompt_weights(const PeapodModel& model, std::span<const ComposerUser> users);

// What many users' weights say about the prompts, in bits where it is information.
struct PromptUsage {
  std::vector<double> mean_weights;  // [num_prompts], over heads and users
  std::vector<double> information;   // [heads] I(user; prompt) = H(mean α) - mean H(α) over the users
  double mean_information = 0;       // of the heads
  double information_of_mean = 0;    // the same formula on the weights averaged over the heads
};

// Throws Error when there are no users.
PromptUsage prompt_usage(std::span<const PromptWeights> users);

}  // namespace peapod
