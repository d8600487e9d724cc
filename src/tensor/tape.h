// Reverse-mode differentiation over layer-sized operations (tensor/ops.h). A pass builds values in an arena and, when
// it records, a list of backward steps; backward() runs them in reverse. One thread per tape; parameters are shared and
// read-only, each tape adds gradients into a buffer of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "tensor/arena.h"
#include "tensor/gemm.h"

namespace peapod {

struct PackedLayer;
class PackedWeights;

// A row-major matrix somewhere in memory that it does not own.
template <class T>
struct Tensor {
  T* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;

  size_t size() const { return rows * cols; }
  T* row(size_t r) const { return data + r * cols; }
};

// A value on the tape and its gradient; `grad.data` is null where no gradient is wanted. In the backward pass the first
// step that contributes to a result's gradient overwrites it and later steps add to it, so it need not be cleared
// first.
template <class T>
struct Node {
  Tensor<T> value;
  Tensor<T> grad;
  // Some step has contributed to the gradient; false: grad.data holds arbitrary numbers. True from the start for a
  // leaf, whose owner has filled the gradient's memory.
  bool grad_is_set = false;
  // The gradient of a later value, which add() or reshape() made, took over the memory of this one's. Operations that
  // are recorded from now on must use the later value.
  bool grad_is_taken = false;

  // A step calls one of the next three functions before it contributes to the gradient; each marks the gradient as set.
  // True: the step must add to the gradient. False: it must overwrite all of it.
  bool adds_to_grad() {
    const bool before = grad_is_set;
    grad_is_set = true;
    return before;
  }
  // The same as the factor of the numbers that the gradient holds, which is gemm()'s beta: 1 to add, 0 to overwrite.
  T grad_beta() { return adds_to_grad() ? T(1) : T(0); }
  // For a step that contributes to some elements only: fills a gradient that is not set with zeros. The step adds.
  void clear_unset_grad() {
    if (grad.data != nullptr && !adds_to_grad()) std::fill_n(grad.data, grad.size(), T(0));
  }
};

// A reference to a value on a tape; valid until reset(), or until keep_only() takes back its memory.
template <class T>
using Var = Node<T>*;

template <class T>
class Tape {
 public:
  struct Options {
    bool record = true;  // false: values only, for inference
    Precision precision = Precision::f32;
    // Packed copies of weights, or null. Linear layers multiply with the copy of a weight instead of the weight itself;
    // cross_entropy() does so where the tape records. Must outlive the tape. REQUIRES, where the tape records: copies
    // made by packed_for_training().
    const PackedWeights* packed = nullptr;
  };

  explicit Tape(Options options) : options_(options) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  bool recording() const { return options_.record; }
  Precision precision() const { return options_.precision; }
  // The packed copy of a weight; null where it has none.
  const PackedLayer* packed(Var<T> weight) const;

  // Uninitialised memory that lives until reset() or keep_only().
  Tensor<T> scratch(size_t rows, size_t cols) { return {arena_.allocate<T>(rows * cols), rows, cols}; }
  template <class U>
  U* array(size_t count) {
    return arena_.allocate<U>(count);
  }

  // Makes a value for the result of an operation, with a gradient if the tape records. Both are uninitialised.
  Var<T> result(size_t rows, size_t cols);
  // Makes a value of memory that the caller owns, e.g. of a parameter. `grad` is the memory of its gradient, to which
  // the backward pass adds; null: no gradient is wanted.
  Var<T> leaf(Tensor<T> value, T* grad);

  // Records an operation: `step` writes or adds to the gradients of the operation's `inputs` (null ones do not count)
  // from that of its `result`. Ignored unless recording; backward() skips a step if nothing has contributed to the
  // gradient of its result.
  // Throws std::logic_error for an input whose gradient is taken: the step would spoil the gradient of a later value.
  template <class Work>
  void on_backward(Var<T> result, std::span<const Var<T>> inputs, Work&& step) {
    if (!options_.record) return;
    for (const Var<T> input : inputs) {
      if (input != nullptr && input->grad_is_taken) refuse_taken();
    }
    steps_.push_back({result, std::forward<Work>(step)});
  }
  template <class Work>
  void on_backward(Var<T> result, std::initializer_list<Var<T>> inputs, Work&& step) {
    on_backward(result, std::span<const Var<T>>(inputs.begin(), inputs.size()), std::forward<Work>(step));
  }

  // Runs the steps in reverse from `result`, whose gradient the caller has filled in.
  void backward(Var<T> result);

  // Forgets all values and steps; every Var becomes invalid.
  void reset();

  // The place up to which the tape's memory is in use now.
  Arena::Mark mark() const { return arena_.mark(); }
  // Takes back the memory of all values made since `mark`, except that it copies the value of x to the place of the
  // mark and returns the copy; every Var made since `mark` becomes invalid. Called after each layer, this lets a
  // stack work in the memory of one layer. A tape that records needs all values: it does nothing and returns x.
  Var<T> keep_only(Var<T> x, Arena::Mark mark);

 private:
  [[noreturn]] static void refuse_taken();

  struct Step {
    Var<T> result;
    std::function<void()> run;
  };
  Options options_;
  Arena arena_;
  std::vector<Step> steps_;
};

}  // namespace peapod
