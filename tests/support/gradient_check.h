// For tests of the tape's operations: analytic gradients against numeric ones.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "base/random.h"
#include "tensor/ops.h"

namespace peapod {

// A value with room for its gradient, outside any tape.
struct Input {
  size_t rows, cols;
  std::vector<double> value, grad;
  bool as_result = false;  // on the tape as what another operation made, not as a leaf

  Input(Random& random, size_t num_rows, size_t num_cols, double size = 1.0)
      : rows(num_rows), cols(num_cols), value(num_rows * num_cols), grad(value.size()) {
    for (double& x : value) x = size * random.normal();
  }
  Var<double> on(Tape<double>& tape) {
    const Var<double> leaf = tape.leaf({value.data(), rows, cols}, grad.data());
    if (!as_result) return leaf;
    std::vector<int32_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    return gather(tape, leaf, std::span<const int32_t>(all));
  }
};

using Build = std::function<Var<double>(Tape<double>&)>;

// Compares the analytic gradient of Σ weights ∘ build() with central differences for every element of every input.
// f64 leaves about 1e-10 of relative error at this step; 1e-6 allows for curvature.
inline void expect_gradients(const std::vector<Input*>& inputs, const Build& build) {
  std::vector<double> weights;
  const auto objective = [&] {
    Tape<double> tape({.record = false});
    const Var<double> out = build(tape);
    Random random(99);
    weights.resize(out->value.size());
    for (double& w : weights) w = weights.size() == 1 ? 1.0 : random.normal();
    return std::inner_product(weights.begin(), weights.end(), out->value.data, 0.0);
  };
  objective();
  Tape<double> tape({.record = true});
  const Var<double> out = build(tape);
  std::copy(weights.begin(), weights.end(), out->grad.data);
  tape.backward(out);
  for (size_t which = 0; which < inputs.size(); ++which) {
    Input& input = *inputs[which];
    double largest = 0.0;
    for (size_t i = 0; i < input.value.size(); ++i) {
      const double step = 1e-5;
      const double kept = input.value[i];
      input.value[i] = kept + step;
      const double above = objective();
      input.value[i] = kept - step;
      const double below = objective();
      input.value[i] = kept;
      const double numeric = (above - below) / (2 * step);
      EXPECT_NEAR(input.grad[i], numeric, 1e-6 * (1.0 + std::abs(numeric))) << "input " << which << " element " << i;
      largest = std::max(largest, std::abs(numeric));
    }
    EXPECT_GT(largest, 1e-4) << "input " << which << " does not matter, so the check shows nothing";
  }
  // The same where the inputs are results of the tape, whose gradients begin with whatever the memory held.
  tape.reset();
  const Tensor<double> memory = tape.scratch(100, 1000);
  std::fill_n(memory.data, memory.size(), std::numeric_limits<double>::quiet_NaN());
  tape.reset();
  std::vector<std::vector<double>> of_leaves;
  for (Input* input : inputs) {
    input->as_result = true;
    of_leaves.push_back(std::exchange(input->grad, std::vector<double>(input->grad.size())));
  }
  const Var<double> again = build(tape);
  std::copy(weights.begin(), weights.end(), again->grad.data);
  tape.backward(again);
  for (size_t which = 0; which < inputs.size(); ++which) {
    Input& input = *inputs[which];
    for (size_t i = 0; i < input.grad.size(); ++i) {
      ASSERT_NEAR(input.grad[i], of_leaves[which][i], 1e-12 * (1.0 + std::abs(input.grad[i]))) << which << " " << i;
    }
  }
}

}  // namespace peapod
