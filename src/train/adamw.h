// AdamW over all parameters at once (Loshchilov & Hutter 2019), with clipping by the global norm. Deterministic
// whatever the number of threads. One thread calls; the work is split inside.
#pragma once

#include <vector>

#include "model/parameters.h"

namespace peapod {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.01;  // of matrices; norm weights do not decay
  double clip_norm = 1.0;      // 0: no clipping
};

class AdamW {
 public:
  AdamW(const Parameters<float>& parameters, const AdamWOptions& options)
      : options_(options), first_(parameters.size()), second_(parameters.size()) {}

  // Applies one update with `gradients` (laid out like the parameters). Returns the norm before clipping.
  double update(Parameters<float>& parameters, const std::vector<float>& gradients, double learning_rate);

  // For checkpoints.
  std::vector<float>& first_moments() { return first_; }
  std::vector<float>& second_moments() { return second_; }
  uint64_t& steps() { return steps_; }

 private:
  AdamWOptions options_;
  std::vector<float> first_, second_;
  uint64_t steps_ = 0;
};

}  // namespace peapod
