#include "train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace peapod {
namespace {

// The update as the paper writes it (Loshchilov & Hutter 2019, algorithm 2), one weight at a time, in double precision.
struct Reference {
  AdamWOptions options;
  std::vector<double> weights, first, second;
  int steps = 0;

  void update(const std::vector<float>& gradients, double learning_rate, const std::vector<bool>& decays) {
    ++steps;
    double square = 0;
    for (const float g : gradients) square += static_cast<double>(g) * g;
    const double norm = std::sqrt(square);
    const double clip = options.clip_norm > 0 && norm > options.clip_norm ? options.clip_norm / norm : 1.0;
    for (size_t i = 0; i < weights.size(); ++i) {
      const double g = clip * gradients[i];
      first[i] = options.beta1 * first[i] + (1 - options.beta1) * g;
      second[i] = options.beta2 * second[i] + (1 - options.beta2) * g * g;
      const double m = first[i] / (1 - std::pow(options.beta1, steps));
      const double v = second[i] / (1 - std::pow(options.beta2, steps));
      const double decay = decays[i] ? options.weight_decay * weights[i] : 0.0;
      weights[i] -= learning_rate * (m / (std::sqrt(v) + options.epsilon) + decay);
    }
  }
};

class AdamWTest : public testing::TestWithParam<double> {};

TEST_P(AdamWTest, UpdatesAsThePaperSays) {
  const AdamWOptions options{.weight_decay = 0.1, .clip_norm = GetParam()};
  Parameters<float> parameters;
  parameters.add("matrix", {7, 5}, 1.0);
  parameters.add("norm", {9}, 0);
  parameters.initialise(3);
  AdamW adamw(parameters, options);
  Reference reference{options, {}, {}, {}};
  std::vector<bool> decays;
  for (size_t i = 0; i < parameters.size(); ++i) {
    reference.weights.push_back(parameters.values()[i]);
    decays.push_back(i < 35);
  }
  reference.first.resize(parameters.size());
  reference.second.resize(parameters.size());
  Random random(5);
  for (int step = 0; step < 20; ++step) {
    std::vector<float> gradients(parameters.size());
    double square = 0;
    for (float& g : gradients) {
      g = static_cast<float>(random.normal());
      square += static_cast<double>(g) * g;
    }
    const double norm = adamw.update(parameters, gradients, 0.01);
    EXPECT_NEAR(norm, std::sqrt(square), 1e-4);
    reference.update(gradients, 0.01, decays);
  }
  for (size_t i = 0; i < parameters.size(); ++i) EXPECT_NEAR(parameters.values()[i], reference.weights[i], 1e-5);
}

INSTANTIATE_TEST_SUITE_P(ClippedAndNot, AdamWTest, testing::Values(0.0, 1.0, 1000.0));

}  // namespace
}  // namespace peapod
