#include "train/step.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "support/small_model.h"

namespace peapod {
namespace {

struct Threads {
  explicit Threads(int count) : before(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before); }
  int before;
};

// All examples on one tape.
std::vector<float> whole_gradients(const Seq2Seq<float>& network, const std::vector<TrainingExample>& examples,
                                   double& mean_loss, Precision precision = Precision::f32) {
  std::vector<float> gradients(network.parameters().size());
  std::vector<const ModelInput*> inputs;
  std::vector<Target> targets;
  double weight = 0.0;
  for (const TrainingExample& example : examples) {
    for (const TrainingTarget& target : example.targets) {
      targets.push_back({target.tokens, static_cast<uint32_t>(inputs.size()), target.weight});
      weight += target.weight * static_cast<double>(target.tokens.size());
    }
    inputs.push_back(&example.input);
  }
  Tape<float> tape({.record = true, .precision = precision});
  Pass<float> pass{tape, gradients.data(), 0.0, 0};
  const Var<float> loss = network.loss(pass, inputs, targets, 1.0 / weight);
  loss->grad.data[0] = 1.0f;
  tape.backward(loss);
  mean_loss = loss->value.data[0];
  return gradients;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(GradientWorkers, EqualOneTapeWhateverTheShardsAndThreads) {
  SmallModel small;
  const Seq2Seq<float>& network = small->network();
  Sampler sampler(*small, {.tokens_per_step = 2000, .later_items = 2});
  const auto examples = sampler.next_step();
  double expected_loss = 0;
  const auto expected = whole_gradients(network, examples, expected_loss);
  const float scale = std::abs(*std::ranges::max_element(expected, {}, [](float g) { return std::abs(g); }));
  ASSERT_GT(scale, 0.0f);
  for (const int threads : {1, 2, 3}) {
    const Threads limit(threads);
    for (const size_t shard : {size_t{1}, size_t{300}, size_t{100000}}) {
      GradientWorkers workers(network, Precision::f32, 0.0, shard);
      // Twice: nothing is left over from the step before.
      for (int round = 0; round < 2; ++round) {
        const auto result = workers.compute(examples, 1);
        EXPECT_NEAR(result.loss, expected_loss, 1e-5 * expected_loss);
        EXPECT_LT(largest_difference(workers.gradients(), expected), 1e-5f * scale);
      }
    }
  }
}

// Where the processor has bf16, weights are packed once a step and what is rounded is rounded once.
TEST(GradientWorkers, InBf16EqualOneTapeThatPacksNothing) {
  SmallModel small;
  Seq2Seq<float>& network = small->network();
  Sampler sampler(*small, {.tokens_per_step = 2000});
  const auto examples = sampler.next_step();
  GradientWorkers workers(network, Precision::bf16, 0.0, 300);
  for (int round = 0; round < 2; ++round) {
    double expected_loss = 0;
    const auto expected = whole_gradients(network, examples, expected_loss, Precision::bf16);
    double square = 0, difference = 0;
    EXPECT_NEAR(workers.compute(examples, 1).loss, expected_loss, 1e-3 * expected_loss);
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto e = static_cast<double>(expected[i]);
      square += e * e;
      difference += std::pow(static_cast<double>(workers.gradients()[i]) - e, 2);
    }
    // A sum in another order can round to the neighbour in bf16, 2^-8 away.
    EXPECT_LT(std::sqrt(difference / square), 0x1p-8);
    // The next step is to see other weights.
    for (float& weight : network.parameters().values()) weight *= 1.05f;
  }
}

TEST(GradientWorkers, DropAnewWithEachSeedAndAlikeWithTheSame) {
  SmallModel small;
  Sampler sampler(*small, {.tokens_per_step = 2000});
  const auto examples = sampler.next_step();
  GradientWorkers workers(small->network(), Precision::f32, 0.2, 300);
  workers.compute(examples, 1);
  const auto first = workers.gradients();
  workers.compute(examples, 2);
  EXPECT_NE(workers.gradients(), first);
  workers.compute(examples, 1);
  EXPECT_EQ(workers.gradients(), first);
}

}  // namespace
}  // namespace peapod
