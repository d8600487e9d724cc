// One whole training step on made data: what the other benchmarks add up to.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/random.h"
#include "train/step.h"

namespace peapod {
namespace {

// `mini` on sequential examples as Beauty has them: 9 items of 4 tokens and some words in, a code of 3 and the end out.
void BM_GradientsOfMini(benchmark::State& state) {
  constexpr size_t kExamples = 192;
  constexpr size_t kInputTokens = 41;
  ModelConfig config;
  config.t5 = t5_preset("mini");
  config.t5.vocab_size = 2070;
  config.num_whole_words = 128;
  Seq2Seq<float> network(config);
  network.parameters().initialise(1);
  Random random(2);
  std::vector<TrainingExample> examples(kExamples);
  for (TrainingExample& example : examples) {
    for (size_t i = 0; i < kInputTokens; ++i) {
      example.input.text.tokens.push_back(static_cast<int32_t>(random.below(config.t5.vocab_size)));
      example.input.text.whole_word.push_back(static_cast<int32_t>(i / 4));
    }
    for (size_t i = 0; i < config.composer.user_dim; ++i) {
      example.input.user.vector.push_back(static_cast<float>(random.normal()));
    }
    std::vector<int32_t>& target = example.targets.emplace_back().tokens;
    for (size_t i = 0; i < 3; ++i) target.push_back(static_cast<int32_t>(2000 + random.below(69)));
    target.push_back(1);
  }
  GradientWorkers workers(network, Precision::f32, 0.1, 1024);
  uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(workers.compute(examples, ++seed).loss);
  state.counters["examples/s"] =
      benchmark::Counter(static_cast<double>(kExamples), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_GradientsOfMini)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace peapod
