#include "decode/live_rows.h"

#include <cmath>

#include "base/error.h"
#include "tensor/kernels.h"

namespace peapod {

LiveRows::LiveRows(const StepFunction& step, size_t vocabulary) : step_(step), vocabulary_(vocabulary) {
  if (vocabulary == 0) throw Error("beam search", "the vocabulary is empty");
}

uint32_t LiveRows::add(int32_t token, uint32_t parent, uint32_t input) {
  tokens_.push_back(token);
  parents_.push_back(parent);
  inputs_.push_back(input);
  return static_cast<uint32_t>(tokens_.size() - 1);
}

bool LiveRows::worth_threads(size_t num_rows) const {
  // A fifth of a millisecond of exponentials; waking threads costs some ten microseconds.
  return num_rows * vocabulary_ >= 1u << 17;
}

bool LiveRows::run() {
  const size_t rows = tokens_.size();
  if (rows == 0) return false;
  if (logits_.size() < rows * vocabulary_) logits_.resize(rows * vocabulary_);
  step_({num_steps_, tokens_, parents_, inputs_}, {logits_.data(), rows * vocabulary_});

  log_sums_.resize(rows);
#pragma omp parallel for schedule(static) if (worth_threads(rows))
  for (size_t row = 0; row < rows; ++row) {
    log_sums_[row] = kernels::log_sum_exp(vocabulary_, logits_.data() + row * vocabulary_);
  }
  for (const float log_sum : log_sums_) {
    if (!std::isfinite(log_sum)) {
      throw Error("beam search", "the model's logits have no finite sum of exponentials",
                  "check the weights: the file is damaged, or training diverged and wants a lower `learning_rate`");
    }
  }
  ++num_steps_;
  tokens_.clear();
  parents_.clear();
  inputs_.clear();
  return true;
}

}  // namespace peapod
