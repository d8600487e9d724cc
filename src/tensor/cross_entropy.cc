// cross_entropy() of tensor/ops.h: the output head, its loss and their gradients, a block of rows at a time.
#include <algorithm>
#include <cassert>
#include <type_traits>
#include <vector>

#include "tensor/kernels.h"
#include "tensor/narrow.h"
#include "tensor/ops.h"
#include "tensor/packed_matrix.h"

namespace peapod {
namespace {

// The three products of an output head for a block of states h: logits = factor * h tableᵀ, and from the gradient of
// those that of h and of the table. Where the table is packed, in bf16, factor * h is rounded once for both.
template <class T>
class HeadProducts {
 public:
  HeadProducts(Tape<T>& tape, Var<T> table, T factor)
      : table_(table),
        factor_(factor),
        precision_(tape.precision()),
        packed_(tape.recording() ? tape.packed(table) : nullptr) {}

  void logits(Tensor<T> h, T* out) {
    const size_t vocabulary = table_->value.rows;
    const size_t cols = h.cols;
    if constexpr (std::is_same_v<T, float>) {
      if (packed_ != nullptr) {
        scaled_.resize(h.size());
        for (size_t i = 0; i < h.size(); ++i) scaled_[i] = factor_ * h.data[i];
        rounded_h_.resize(h.size());
        kernels::round_to_bf16(h.size(), scaled_.data(), rounded_h_.data());
        return packed_->forward.multiply(h.rows, rounded_h_.data(), out, PackedMatrix::Into::write);
      }
    }
    gemm({.m = h.rows, .n = vocabulary, .k = cols, .lda = cols, .ldb = cols, .ldc = vocabulary, .op_b = Op::transpose},
         factor_, h.data, table_->value.data, T(0), out, precision_);
  }

  // For the h that logits() had last: writes d_h and, if asked to, adds to the table's gradient.
  void gradients(Tensor<T> h, Tensor<T> d_logits, T* d_h, bool want_table) {
    const size_t vocabulary = table_->value.rows;
    const size_t cols = h.cols;
    const GemmShape for_h{.m = h.rows, .n = cols, .k = vocabulary, .lda = vocabulary, .ldb = cols, .ldc = cols};
    const GemmShape for_table{
        .m = vocabulary, .n = cols, .k = h.rows, .lda = vocabulary, .ldb = cols, .ldc = cols, .op_a = Op::transpose};
    if constexpr (std::is_same_v<T, float>) {
      if (packed_ != nullptr) {
        rounded_d_logits_.resize(d_logits.size());
        kernels::round_to_bf16(d_logits.size(), d_logits.data, rounded_d_logits_.data());
        packed_->backward->multiply(h.rows, rounded_d_logits_.data(), d_h, PackedMatrix::Into::write);
        for (size_t i = 0; i < h.size(); ++i) d_h[i] *= factor_;
        if (want_table) gemm(for_table, 1.0f, rounded_d_logits_.data(), rounded_h_.data(), 1.0f, table_->grad.data);
        return;
      }
    }
    gemm(for_h, factor_, d_logits.data, table_->value.data, T(0), d_h, precision_);
    if (want_table) gemm(for_table, factor_, d_logits.data, h.data, T(1), table_->grad.data, precision_);
  }

 private:
  Var<T> table_;
  T factor_;
  Precision precision_;
  const PackedLayer* packed_;
  std::vector<T> scaled_;
  std::vector<uint16_t> rounded_h_, rounded_d_logits_;
};

}  // namespace

template <class T>
Var<T> cross_entropy(Tape<T>& tape, Var<T> hidden, Var<T> table, double logit_scale, std::span<const int32_t> targets,
                     std::span<const T> scales, T* log_probs) {
  constexpr size_t kBlockRows = 128;
  const size_t rows = hidden->value.rows;
  const size_t cols = hidden->value.cols;
  const size_t vocabulary = table->value.rows;
  assert(targets.size() == rows && scales.size() == rows);
  Var<T> loss = tape.result(1, 1);
  loss->value.data[0] = T(0);
  HeadProducts<T> head(tape, table, static_cast<T>(logit_scale));
  Tensor<T> logits = tape.scratch(std::min(rows, kBlockRows), vocabulary);
  // The gradients of a block are known as soon as its logits are, for an upstream gradient of one; those of the states
  // are kept for the backward step.
  Tensor<T> pending = tape.recording() ? tape.scratch(rows, cols) : Tensor<T>{};
  const bool want_table = tape.recording() && table->grad.data != nullptr;
  if (want_table) table->clear_unset_grad();
  for (size_t first = 0; first < rows; first += kBlockRows) {
    const size_t count = std::min(kBlockRows, rows - first);
    T* h = hidden->value.row(first);
    head.logits({h, count, cols}, logits.data);
    for (size_t r = 0; r < count; ++r) {
      T* row = logits.row(r);
      const auto target = static_cast<size_t>(targets[first + r]);
      assert(target < vocabulary);
      const T log_sum = kernels::log_sum_exp(vocabulary, row);
      const T log_prob = row[target] - log_sum;
      if (log_probs != nullptr) log_probs[first + r] = log_prob;
      const T scale = scales[first + r];
      loss->value.data[0] -= scale * log_prob;
      if (tape.recording()) {
        kernels::exp_shifted(vocabulary, row, log_sum, scale);
        row[target] -= scale;
      }
    }
    if (tape.recording()) {
      head.gradients({h, count, cols}, {logits.data, count, vocabulary}, pending.row(first), want_table);
    }
  }
  tape.on_backward(loss, {hidden, table}, [=] {
    assert(loss->grad.data[0] == T(1));  // the table's gradient was added on the way forward
    if (hidden->grad.data == nullptr) return;
    if (hidden->adds_to_grad()) {
      kernels::axpy(rows * cols, T(1), pending.data, hidden->grad.data);
    } else {
      std::copy_n(pending.data, rows * cols, hidden->grad.data);
    }
  });
  return loss;
}

template Var<float> cross_entropy(Tape<float>&, Var<float>, Var<float>, double, std::span<const int32_t>,
                                  std::span<const float>, float*);
template Var<double> cross_entropy(Tape<double>&, Var<double>, Var<double>, double, std::span<const int32_t>,
                                   std::span<const double>, double*);

}  // namespace peapod
