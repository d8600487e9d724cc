// Reverse-mode differentiation over layer-sized operations (tensor/ops.h). A pass builds values in an arena and, when
// it records, a list of backward steps; backward() runs them in reverse. One thread per tape; parameters are shared and
// read-only, each tape adds gradients into a buffer of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "tensor/arena.h"
#include "tensor/gemm.h"

namespace peapod {

// A row-major matrix somewhere in memory that it does not own.
template <class T>
struct Tensor {
  T* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;

  size_t size() const { return rows * cols; }
  T* row(size_t r) const { return data + r * cols; }
};

// A value on the tape and its gradient. `grad.data` is null where no gradient is wanted.
template <class T>
struct Node {
  Tensor<T> value;
  Tensor<T> grad;
};

// Valid until the tape is reset.
template <class T>
using Var = Node<T>*;

template <class T>
class Tape {
 public:
  struct Options {
    bool record = true;  // false: values only, for inference
    Precision precision = Precision::f32;
  };

  explicit Tape(Options options) : options_(options) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  bool recording() const { return options_.record; }
  Precision precision() const { return options_.precision; }

  // Uninitialised memory that lives until reset().
  Tensor<T> scratch(size_t rows, size_t cols) { return {arena_.allocate<T>(rows * cols), rows, cols}; }
  template <class U>
  U* array(size_t count) {
    return arena_.allocate<U>(count);
  }

  // A value computed by an operation: uninitialised; its gradient, if the tape records, starts at zero.
  Var<T> result(size_t rows, size_t cols);
  // A value whose memory and gradient memory (may be null) belong to somebody else, e.g. a parameter.
  Var<T> leaf(Tensor<T> value, T* grad);

  // `step` adds to the gradients of an operation's inputs from that of its result. Ignored unless recording.
  template <class Step>
  void on_backward(Step&& step) {
    if (options_.record) steps_.emplace_back(std::forward<Step>(step));
  }

  // Runs the steps in reverse; the caller has seeded the gradients of the results it differentiates.
  void backward();

  // Forgets all values and steps; every Var becomes invalid.
  void reset();

 private:
  Options options_;
  Arena arena_;
  std::vector<std::function<void()>> steps_;
};

}  // namespace peapod
