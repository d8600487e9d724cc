// One whole training step on made data: what the other benchmarks add up to.
#include <benchmark/benchmark.h>

#include "bench/made_workload.h"
#include "train/step.h"

namespace peapod {
namespace {

void gradients(benchmark::State& state, const char* preset, size_t examples, size_t tokens, Precision precision) {
  const MadeWorkload workload(preset);
  const auto batch = workload.examples(examples, tokens);
  GradientWorkers workers(workload.network(), {.precision = precision});
  uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(workers.compute(batch, ++seed).loss);
  const auto rate = [&](double each) {
    return benchmark::Counter(static_cast<double>(examples) * each, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["examples/s"] = rate(1.0);
  state.counters["FLOP/s"] = rate(workload.training_flops(tokens));
}
void in_real_ms(benchmark::internal::Benchmark* bench) { bench->Unit(benchmark::kMillisecond)->UseRealTime(); }

BENCHMARK_CAPTURE(gradients, mini, "mini", 192, 41, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(gradients, mini_bf16, "mini", 192, 41, Precision::bf16)->Apply(in_real_ms);
BENCHMARK_CAPTURE(gradients, t5_small, "t5-small", 64, 60, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(gradients, t5_small_topn, "t5-small", 8, 480, Precision::f32)->Apply(in_real_ms);

}  // namespace
}  // namespace peapod
