#include "train/step.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <thread>

#include "support/small_model.h"

namespace peapod {
namespace {

struct Threads {
  explicit Threads(int count) : before(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before); }
  int before;
};

// All examples on one tape.
std::vector<float> whole_gradients(const Seq2Seq<float>& network, const TrainingExamples& examples, double& mean_loss,
                                   Precision precision = Precision::f32) {
  std::vector<float> gradients(network.parameters().size());
  std::vector<const ModelInput*> inputs;
  std::vector<Target> targets;
  double weight = 0.0;
  for (const auto& example : examples) {
    const auto first = static_cast<uint32_t>(inputs.size());
    for (const TrainingTarget& target : example->targets) {
      targets.push_back({target.tokens, first + target.input, target.weight, target.path ? &*target.path : nullptr});
      weight += target.weight * static_cast<double>(target.num_losses());
    }
    for (const ModelInput& input : example->inputs) inputs.push_back(&input);
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
  const SearchSpace space(*small);
  const Seq2Seq<float>& network = small->network();
  Sampler sampler(space, {.tokens_per_step = 2000, .later_items = 2});
  const auto examples = sampler.next_step();
  double expected_loss = 0;
  const auto expected = whole_gradients(network, examples, expected_loss);
  const float scale = std::abs(*std::ranges::max_element(expected, {}, [](float g) { return std::abs(g); }));
  ASSERT_GT(scale, 0.0f);
  for (const int threads : {1, 2, 3}) {
    const Threads limit(threads);
    for (const size_t shard : {size_t{1}, size_t{300}, size_t{100000}}) {
      GradientWorkers workers(network, {.dropout = 0.0, .shard_rows = shard});
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
  const SearchSpace space(*small);
  Seq2Seq<float>& network = small->network();
  Sampler sampler(space, {.tokens_per_step = 2000});
  const auto examples = sampler.next_step();
  GradientWorkers workers(network, {.precision = Precision::bf16, .dropout = 0.0, .shard_rows = 300});
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

// Ranks that are threads of this process.
class MadeRanks {
 public:
  explicit MadeRanks(size_t count) : meeting_(static_cast<ptrdiff_t>(count)), floats_(count), doubles_(count) {}

  class Rank final : public Communicator {
   public:
    Rank(MadeRanks& ranks, size_t place) : ranks_(ranks), place_(place) {}
    void sum(std::span<float> values) const override { ranks_.sum(place_, values, ranks_.floats_); }
    void sum(std::span<double> values) const override { ranks_.sum(place_, values, ranks_.doubles_); }

   private:
    MadeRanks& ranks_;
    size_t place_;
  };

 private:
  template <class T>
  void sum(size_t place, std::span<T> values, std::vector<std::vector<T>>& shared) {
    shared[place].assign(values.begin(), values.end());
    meeting_.arrive_and_wait();
    std::ranges::fill(values, T(0));
    for (const std::vector<T>& others : shared) {
      for (size_t i = 0; i < values.size(); ++i) values[i] += others[i];
    }
    meeting_.arrive_and_wait();  // nobody writes before all have read
  }

  std::barrier<> meeting_;
  std::vector<std::vector<float>> floats_;
  std::vector<std::vector<double>> doubles_;
};

TEST(GradientWorkers, OfTwoRanksEqualOneRankWithAllExamples) {
  SmallModel small;
  const SearchSpace space(*small);
  Sampler sampler(space, {.tokens_per_step = 2000, .later_items = 2});
  const TrainingExamples examples = sampler.next_step();
  GradientWorkers alone(small->network(), {.dropout = 0.0});
  const double expected_loss = alone.compute(examples, 1).loss;
  const std::vector<float>& expected = alone.gradients();
  const float scale = std::abs(*std::ranges::max_element(expected, {}, [](float g) { return std::abs(g); }));

  // A third for one and two thirds for the other: a mean of the ranks' own means would be another number.
  const size_t cut = examples.size() / 3;
  const std::span<const std::shared_ptr<const TrainingExample>> parts[] = {std::span(examples).first(cut),
                                                                           std::span(examples).subspan(cut)};
  MadeRanks ranks(2);
  std::vector<float> gradients[2];
  double losses[2] = {};
  const auto work = [&](size_t place) {
    const MadeRanks::Rank rank(ranks, place);
    GradientWorkers workers(small->network(), {.dropout = 0.0, .ranks = &rank});
    losses[place] = workers.compute(parts[place], 1).loss;
    gradients[place] = workers.gradients();
  };
  std::thread other([&] { work(1); });
  work(0);
  other.join();
  EXPECT_EQ(gradients[0], gradients[1]) << "every rank has the same bits";
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NEAR(losses[0], expected_loss, 1e-5 * expected_loss);
  EXPECT_LT(largest_difference(gradients[0], expected), 1e-5f * scale);
}

TEST(GradientWorkers, DropAnewWithEachSeedAndAlikeWithTheSame) {
  SmallModel small;
  const SearchSpace space(*small);
  Sampler sampler(space, {.tokens_per_step = 2000});
  const auto examples = sampler.next_step();
  GradientWorkers workers(small->network(), {.dropout = 0.2, .shard_rows = 300});
  workers.compute(examples, 1);
  const auto first = workers.gradients();
  workers.compute(examples, 2);
  EXPECT_NE(workers.gradients(), first);
  workers.compute(examples, 1);
  EXPECT_EQ(workers.gradients(), first);
}

}  // namespace
}  // namespace peapod
