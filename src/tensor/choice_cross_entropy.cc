// choice_cross_entropy() of tensor/ops.h: the loss of rows that choose among a few tokens each, which costs what the
// choices cost, not what the vocabulary does.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "tensor/kernels.h"
#include "tensor/ops.h"

namespace peapod {

namespace {

// Overwrites the biases of entries that have appraised masses with what these make of them, and the masses with their
// parts of the whole.
template <class T>
void appraise(const Tensor<T>& appraisals, std::span<AppraisedMass<T>> masses, T* biases) {
  for (size_t first = 0, last = 0; first < masses.size(); first = last) {
    T& bias = biases[masses[first].entry];
    T sum = std::exp(bias);
    for (; last < masses.size() && masses[last].entry == masses[first].entry; ++last) {
      masses[last].mass *= std::exp(appraisals.data[masses[last].appraisal]);
      sum += masses[last].mass;
    }
    for (size_t m = first; m < last; ++m) masses[m].mass /= sum;
    bias = std::log(sum);
  }
}

}  // namespace

template <class T>
Var<T> choice_cross_entropy(Tape<T>& tape, Var<T> hidden, Var<T> table, double logit_scale, const ChoiceSets<T>& sets,
                            Var<T> appraisals) {
  const size_t cols = hidden->value.cols;
  const size_t count = sets.rows.size();
  assert(sets.starts.size() == count + 1 && sets.chosen.size() == count && sets.scales.size() == count);
  assert(sets.tokens.size() == sets.starts.back() && sets.biases.size() == sets.tokens.size());
  const T factor = static_cast<T>(logit_scale);
  Var<T> loss = tape.result(1, 1);
  loss->value.data[0] = T(0);
  const auto keep = [&]<class U>(std::span<const U> values) {
    U* kept = tape.template array<U>(values.size());
    std::ranges::copy(values, kept);
    return kept;
  };
  const std::span<AppraisedMass<T>> parts(keep(sets.masses), sets.masses.size());
  assert(parts.empty() || appraisals != nullptr);
  T* biases = keep(sets.biases);
  if (!parts.empty()) appraise(appraisals->value, parts, biases);
  // The gradients of logits, known for an upstream gradient of one as soon as the logits are; kept for the backward
  // step with what they belong to.
  T* d_logits = tape.template array<T>(sets.tokens.size());
  for (size_t c = 0; c < count; ++c) {
    const size_t first = sets.starts[c];
    const size_t size = sets.starts[c + 1] - first;
    assert(sets.chosen[c] < size);
    const T* h = hidden->value.row(sets.rows[c]);
    T* logits = d_logits + first;
    for (size_t e = 0; e < size; ++e) {
      const auto token = static_cast<size_t>(sets.tokens[first + e]);
      assert(token < table->value.rows);
      logits[e] = factor * kernels::dot(cols, h, table->value.row(token)) + biases[first + e];
    }
    const T log_sum = kernels::log_sum_exp(size, logits);
    const T log_prob = logits[sets.chosen[c]] - log_sum;
    loss->value.data[0] -= sets.scales[c] * log_prob;
    kernels::exp_shifted(size, logits, log_sum, sets.scales[c]);
    logits[sets.chosen[c]] -= sets.scales[c];
  }
  if (!tape.recording()) return loss;

  const uint32_t* rows = keep(sets.rows);
  const uint32_t* starts = keep(sets.starts);
  const int32_t* tokens = keep(sets.tokens);
  tape.on_backward(loss, {hidden, table, appraisals}, [=] {
    const T upstream = factor * loss->grad.data[0];
    hidden->clear_unset_grad();
    table->clear_unset_grad();
    if (!parts.empty()) {
      appraisals->clear_unset_grad();
      for (const auto& [entry, appraisal, part] : parts) {
        appraisals->grad.data[appraisal] += loss->grad.data[0] * d_logits[entry] * part;
      }
    }
    for (size_t c = 0; c < count; ++c) {
      const T* h = hidden->value.row(rows[c]);
      for (size_t e = starts[c]; e < starts[c + 1]; ++e) {
        const auto token = static_cast<size_t>(tokens[e]);
        const T up = upstream * d_logits[e];
        if (hidden->grad.data != nullptr) kernels::axpy(cols, up, table->value.row(token), hidden->grad.row(rows[c]));
        if (table->grad.data != nullptr) kernels::axpy(cols, up, h, table->grad.row(token));
      }
    }
  });
  return loss;
}

template Var<float> choice_cross_entropy(Tape<float>&, Var<float>, Var<float>, double, const ChoiceSets<float>&,
                                         Var<float>);
template Var<double> choice_cross_entropy(Tape<double>&, Var<double>, Var<double>, double, const ChoiceSets<double>&,
                                          Var<double>);

}  // namespace peapod
