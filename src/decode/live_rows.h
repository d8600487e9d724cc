// The rows of the decoding step at hand, with their logits: collects the next step's rows, calls the step function and
// normalises. Belongs to one search; const methods may be called from its threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/beam_search.h"

namespace peapod {

class LiveRows {
 public:
  // `step` must outlive the object. Throws Error for an empty vocabulary.
  LiveRows(const StepFunction& step, size_t vocabulary);

  // Adds a row to the next step and returns its index there. Inputs must come in ascending order.
  uint32_t add(int32_t token, uint32_t parent, uint32_t input);

  // Runs the step on the rows added since the last one; false, and nothing done, when there are none. Throws Error
  // when the exponentials of a row do not have a positive finite sum, as those of a model that has diverged.
  bool run();

  // Whether work on all logits of that many rows is more than the start of threads.
  bool worth_threads(size_t num_rows) const;

  // Of the step that was run last; valid until the next.
  size_t num_rows() const { return log_sums_.size(); }
  std::span<const float> logits(uint32_t row) const { return {logits_.data() + row * vocabulary_, vocabulary_}; }
  float log_sum(uint32_t row) const { return log_sums_[row]; }  // log of the sum of exponentials of its logits

 private:
  const StepFunction& step_;
  size_t vocabulary_;
  uint32_t num_steps_ = 0;
  std::vector<int32_t> tokens_;  // of the next step, as are the following two
  std::vector<uint32_t> parents_;
  std::vector<uint32_t> inputs_;
  std::vector<float> logits_;  // grows, never shrinks
  std::vector<float> log_sums_;
};

}  // namespace peapod
