// Attention at the shapes of training: packed examples of a few lengths, forward alone and with its backward pass.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "tensor/ops.h"

namespace peapod {
namespace {

// Examples of one length whose rows together are about a training shard.
constexpr size_t kRows = 1024;
constexpr uint64_t kProjectionsSeed = 3;  // of queries, keys and values

void attend(benchmark::State& state, bool backward) {
  const auto length = static_cast<size_t>(state.range(0));
  const auto heads = static_cast<size_t>(state.range(1));
  const auto head_dim = static_cast<size_t>(state.range(2));
  const size_t examples = std::max<size_t>(1, kRows / length);
  std::vector<uint32_t> spans;
  for (uint32_t e = 0; e <= examples; ++e) spans.push_back(e * static_cast<uint32_t>(length));
  const size_t inner = heads * head_dim;
  Random random(kProjectionsSeed);
  std::vector<float> qkv(examples * length * 3 * inner), d_qkv(qkv.size()), table(32 * heads), d_table(table.size());
  for (float& x : qkv) x = 0.3f * static_cast<float>(random.normal());
  Tape<float> tape({.record = backward});
  for (auto _ : state) {
    tape.reset();
    const Var<float> in = tape.leaf({qkv.data(), examples * length, 3 * inner}, d_qkv.data());
    const Var<float> bias = tape.leaf({table.data(), 32, heads}, d_table.data());
    const Var<float> out = attention<float>(tape, in, in, in, spans, spans, bias,
                                            {.heads = heads,
                                             .head_dim = head_dim,
                                             .k_column = inner,
                                             .v_column = 2 * inner,
                                             .dropout = {backward ? 0.1 : 0.0, 7}});
    if (backward) {
      std::fill_n(out->grad.data, out->grad.size(), 0.1f);
      tape.backward(out);
    }
    benchmark::DoNotOptimize(out->value.data);
  }
  const double products = backward ? 7.0 : 2.0;
  state.counters["FLOP/s"] =
      benchmark::Counter(products * 2.0 * static_cast<double>(examples * length * length * inner),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void BM_Attention(benchmark::State& state) { attend(state, false); }
void BM_AttentionTraining(benchmark::State& state) { attend(state, true); }

// Length, heads, columns a head: `mini` and `t5-small` with a history, and with 100 candidates.
void shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({47, 4, 32})->Args({4, 4, 32})->Args({430, 4, 32})->Args({60, 8, 64})->Args({480, 8, 64});
}
BENCHMARK(BM_Attention)->Apply(shapes)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_AttentionTraining)->Apply(shapes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peapod
