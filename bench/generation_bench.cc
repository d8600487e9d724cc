// Recommending: 20 beams on the tree of a catalogue as large as Beauty's, many users at once and one user alone.
#include <benchmark/benchmark.h>

#include "bench/made_workload.h"

namespace peapod {
namespace {

void recommend(benchmark::State& state, const char* preset, size_t users, size_t tokens, Precision precision) {
  const MadeWorkload workload(preset);
  const auto requests = workload.requests(users, tokens);
  const PackedNetwork network(workload.network(),
                              {.precision = precision, .text = false, .item_tokens = workload.catalogue().alphabet()});
  const EnginePool engines(network, network.item_head());
  const auto inputs = views_of(requests.inputs);
  for (auto _ : state) benchmark::DoNotOptimize(generate_items(engines, inputs, requests.queries).size());
  state.counters["users/s"] =
      benchmark::Counter(static_cast<double>(users), benchmark::Counter::kIsIterationInvariantRate);
}

void in_real_ms(benchmark::internal::Benchmark* bench) { bench->Unit(benchmark::kMillisecond)->UseRealTime(); }

BENCHMARK_CAPTURE(recommend, mini_many_f32, "mini", 256, 41, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, mini_many_int8, "mini", 256, 41, Precision::int8)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, mini_one_f32, "mini", 1, 41, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, mini_one_int8, "mini", 1, 41, Precision::int8)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_many_f32, "t5-small", 64, 60, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_many_int8, "t5-small", 64, 60, Precision::int8)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_candidates_f32, "t5-small", 16, 480, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_candidates_int8, "t5-small", 16, 480, Precision::int8)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_one_f32, "t5-small", 1, 60, Precision::f32)->Apply(in_real_ms);
BENCHMARK_CAPTURE(recommend, t5_small_one_int8, "t5-small", 1, 60, Precision::int8)->Apply(in_real_ms);

}  // namespace
}  // namespace peapod
