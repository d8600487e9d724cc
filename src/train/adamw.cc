#include "train/adamw.h"

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "tensor/kernels.h"

namespace peapod {
namespace {

constexpr size_t kNormParts = 64;   // fixed, so that the sum does not depend on the number of threads
constexpr size_t kChunk = 1 << 14;  // weights updated by one thread at a time

double norm_of(const std::vector<float>& values) {
  double sums[kNormParts];
#pragma omp parallel for schedule(static)
  for (size_t part = 0; part < kNormParts; ++part) {
    const Range range = part_of(values.size(), kNormParts, part);
    const float* from = values.data() + range.begin;
    sums[part] = kernels::dot(range.size(), from, from);
  }
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

}  // namespace

double AdamW::update(Parameters<float>& parameters, const std::vector<float>& gradients, double learning_rate) {
  ++steps_;
  const double norm = norm_of(gradients);
  const double t = static_cast<double>(steps_);
  kernels::AdamStep step{};
  step.beta1 = static_cast<float>(options_.beta1);
  step.beta2 = static_cast<float>(options_.beta2);
  step.epsilon = static_cast<float>(options_.epsilon);
  step.step_size = static_cast<float>(learning_rate / (1.0 - std::pow(options_.beta1, t)));
  step.second_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(options_.beta2, t)));
  step.grad_scale =
      options_.clip_norm > 0.0 && norm > options_.clip_norm ? static_cast<float>(options_.clip_norm / norm) : 1.0f;
  for (const ParameterInfo& info : parameters.infos()) {
    step.decay = info.decays ? static_cast<float>(learning_rate * options_.weight_decay) : 0.0f;
    const size_t size = info.rows * info.cols;
#pragma omp parallel for schedule(static) if (size > kChunk)
    for (size_t first = 0; first < size; first += kChunk) {
      const size_t at = info.offset + first;
      kernels::adamw(std::min(kChunk, size - first), step, gradients.data() + at, first_.data() + at,
                     second_.data() + at, parameters.values().data() + at);
    }
  }
  return norm;
}

}  // namespace peapod
