// The output head with its loss and all its gradients, for a trained vocabulary and for T5's own.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/random.h"
#include "tensor/ops.h"

namespace peapod {
namespace {

constexpr uint64_t kValuesSeed = 1;  // of states, embeddings and targets

// Arguments: rows, vocabulary, d_model.
void loss(benchmark::State& state, bool gradients) {
  const auto rows = static_cast<size_t>(state.range(0));
  const auto vocabulary = static_cast<size_t>(state.range(1));
  const auto d = static_cast<size_t>(state.range(2));
  Random random(kValuesSeed);
  std::vector<float> hidden(rows * d), table(vocabulary * d), d_hidden(rows * d), d_table(vocabulary * d);
  for (auto* values : {&hidden, &table}) {
    for (float& value : *values) value = static_cast<float>(random.normal());
  }
  std::vector<int32_t> targets(rows);
  for (int32_t& target : targets) target = static_cast<int32_t>(random.below(vocabulary));
  const std::vector<float> scales(rows, 1.0f / static_cast<float>(rows));
  Tape<float> tape({.record = gradients});
  for (auto _ : state) {
    const Var<float> h = tape.leaf({hidden.data(), rows, d}, d_hidden.data());
    const Var<float> w = tape.leaf({table.data(), vocabulary, d}, d_table.data());
    const Var<float> result =
        cross_entropy(tape, h, w, 1.0, std::span<const int32_t>(targets), std::span<const float>(scales));
    benchmark::DoNotOptimize(result->value.data[0]);
    if (gradients) {
      result->grad.data[0] = 1.0f;
      tape.backward(result);
    }
    tape.reset();
  }
  state.counters["FLOP/s"] = benchmark::Counter((gradients ? 6.0 : 2.0) * static_cast<double>(rows * vocabulary * d),
                                                benchmark::Counter::kIsIterationInvariantRate);
}
void shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({256, 2070, 128})->Args({256, 32169, 512})->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK_CAPTURE(loss, value, false)->Apply(shapes);
BENCHMARK_CAPTURE(loss, with_gradients, true)->Apply(shapes);

}  // namespace
}  // namespace peapod
