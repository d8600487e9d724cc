// For tests of the network: analytic gradients of its loss against numeric ones, a few weights of every tensor.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "base/random.h"
#include "model/seq2seq.h"

namespace peapod {

// Dropout stays on, since its masks depend on the seed alone.
inline void expect_gradients_of_loss(Seq2Seq<double>& network, std::span<const ModelInput* const> inputs,
                                     std::span<const Target> targets) {
  Parameters<double>& parameters = network.parameters();
  const auto objective = [&](double* gradients) {
    Tape<double> tape({.record = gradients != nullptr});
    Pass<double> pass{tape, gradients, 0.1, 9};
    const Var<double> loss = network.loss(pass, inputs, targets, 0.5);
    if (gradients != nullptr) {
      loss->grad.data[0] = 1.0;
      tape.backward(loss);
    }
    return loss->value.data[0];
  };
  std::vector<double> gradients(parameters.size());
  objective(gradients.data());
  Random random(6);
  for (const ParameterInfo& info : parameters.infos()) {
    for (int draw = 0; draw < 4; ++draw) {
      const size_t i = info.offset + random.below(info.rows * info.cols);
      const double kept = parameters.values()[i];
      parameters.values()[i] = kept + 1e-6;
      const double above = objective(nullptr);
      parameters.values()[i] = kept - 1e-6;
      const double below = objective(nullptr);
      parameters.values()[i] = kept;
      EXPECT_NEAR(gradients[i], (above - below) / 2e-6, 1e-6 * (1.0 + std::abs(gradients[i]))) << info.name;
    }
  }
}

}  // namespace peapod
