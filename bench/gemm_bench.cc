// Matrix products at the shapes of training and of one user's beams, on one thread and, where it is alone, on all.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/random.h"
#include "tensor/gemm.h"
#include "tensor/packed_matrix.h"

namespace peapod {
namespace {

constexpr uint64_t kOperandsSeed = 1;

// Arguments: rows, out, in of a linear layer.
void product(benchmark::State& state, Precision precision, bool weight_gradient) {
  const auto rows = static_cast<size_t>(state.range(0));
  const auto out = static_cast<size_t>(state.range(1));
  const auto in = static_cast<size_t>(state.range(2));
  Random random(kOperandsSeed);
  std::vector<float> x(rows * in), weight(out * in), y(rows * out);
  for (auto* values : {&x, &weight, &y}) {
    for (float& value : *values) value = static_cast<float>(random.normal());
  }
  for (auto _ : state) {
    if (weight_gradient) {
      gemm({.m = out, .n = in, .k = rows, .lda = out, .ldb = in, .ldc = in, .op_a = Op::transpose}, 1.0f, y.data(),
           x.data(), 1.0f, weight.data(), precision);
    } else {
      gemm({.m = rows, .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .op_b = Op::transpose}, 1.0f, x.data(),
           weight.data(), 0.0f, y.data(), precision);
    }
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * static_cast<double>(rows * out * in), benchmark::Counter::kIsIterationInvariantRate);
}

// The same as the first with a packed weight: what inference does, rounding of the rows included.
void packed_product(benchmark::State& state, Precision precision) {
  const auto rows = static_cast<size_t>(state.range(0));
  const auto out = static_cast<size_t>(state.range(1));
  const auto in = static_cast<size_t>(state.range(2));
  Random random(kOperandsSeed);
  std::vector<float> x(rows * in), weight(out * in), y(rows * out);
  for (auto* values : {&x, &weight}) {
    for (float& value : *values) value = static_cast<float>(random.normal());
  }
  const PackedMatrix packed(out, in, weight.data(), precision);
  for (auto _ : state) packed.multiply(rows, x.data(), y.data());
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * static_cast<double>(rows * out * in), benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({1024, 384, 128})->Args({1024, 512, 128})->Args({1024, 128, 512})->Args({1024, 2048, 512});
  bench->Args({20, 512, 512})->Args({45, 45, 32});
  bench->Unit(benchmark::kMicrosecond)->UseRealTime();
}
BENCHMARK_CAPTURE(product, f32, Precision::f32, false)->Apply(shapes);
BENCHMARK_CAPTURE(product, f32_weight_gradient, Precision::f32, true)->Apply(shapes);
BENCHMARK_CAPTURE(product, bf16, Precision::bf16, false)->Apply(shapes);
BENCHMARK_CAPTURE(packed_product, f32, Precision::f32)->Apply(shapes);
BENCHMARK_CAPTURE(packed_product, bf16, Precision::bf16)->Apply(shapes);
BENCHMARK_CAPTURE(packed_product, int8, Precision::int8)->Apply(shapes);

}  // namespace
}  // namespace peapod
