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

// A value on the tape and its gradient. `grad.data` is null where no gradient is wanted. In the backward pass the first
// step that has something for a gradient writes it, later ones add: nothing is cleared ahead of time.
template <class T>
struct Node {
  Tensor<T> value;
  Tensor<T> grad;
  bool grad_is_set = false;  // else grad.data holds anything
  // The gradient of a later value, which add() or reshape() made, took over the memory of this one's. Operations that
  // are recorded from now on must use the later value.
  bool grad_is_taken = false;

  // Says that the caller is about to write all of the gradient, or to add to it where this returns true.
  bool adds_to_grad() {
    const bool before = grad_is_set;
    grad_is_set = true;
    return before;
  }
  // The same as a factor of what is there.
  T grad_beta() { return adds_to_grad() ? T(1) : T(0); }
  // For those who add to parts of it only.
  void clear_unset_grad() {
    if (grad.data != nullptr && !adds_to_grad()) std::fill_n(grad.data, grad.size(), T(0));
  }
};

// Valid until the tape is reset, or until keep_only() gives back its memory.
template <class T>
using Var = Node<T>*;

template <class T>
class Tape {
 public:
  struct Options {
    bool record = true;  // false: values only, for inference
    Precision precision = Precision::f32;
    // Used by the linear layers and cross_entropy() in place of the weights it holds; must outlive the tape. Where the
    // tape records they are bf16 with a backward part, and the processor has it.
    const PackedWeights* packed = nullptr;
  };

  explicit Tape(Options options) : options_(options) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  bool recording() const { return options_.record; }
  Precision precision() const { return options_.precision; }
  // What is to be used in place of a weight; null: the weight itself.
  const PackedLayer* packed(Var<T> weight) const;

  // Uninitialised memory that lives until reset() or keep_only().
  Tensor<T> scratch(size_t rows, size_t cols) { return {arena_.allocate<T>(rows * cols), rows, cols}; }
  template <class U>
  U* array(size_t count) {
    return arena_.allocate<U>(count);
  }

  // A value computed by an operation: uninitialised, as its gradient is, which it has if the tape records.
  Var<T> result(size_t rows, size_t cols);
  // A value whose memory and gradient memory (may be null) belong to somebody else, e.g. a parameter; gradients are
  // added to what is there.
  Var<T> leaf(Tensor<T> value, T* grad);

  // Records an operation: `step` writes or adds to the gradients of the operation's `inputs` (null ones do not count)
  // from that of its `result`. Ignored unless recording; not run where nothing has set the gradient of the result.
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

  // What of the tape's memory is in use.
  Arena::Mark mark() const { return arena_.mark(); }
  // Where the tape does not record, forgets what was made since `mark` but `x`, which may move; so a stack of layers
  // needs the memory of one. Where it records, returns x.
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
