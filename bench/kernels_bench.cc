// The vector loops between the products, on what a training shard of `mini` gives them.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/random.h"
#include "tensor/kernels.h"

namespace peapod::kernels {
namespace {

constexpr size_t kRows = 1024;
constexpr size_t kCols = 128;
constexpr float kDropout = 0.1f;
constexpr uint64_t kValuesSeed = 5;

std::vector<float> normal_values(size_t n) {
  Random random(kValuesSeed);
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

void count(benchmark::State& state, size_t values) {
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(values), benchmark::Counter::kIsIterationInvariantRate);
}

void BM_AddDropout(benchmark::State& state) {
  const auto x = normal_values(kRows * kCols);
  auto y = x;
  for (auto _ : state) add_dropout(x.size(), x.data(), x.data(), y.data(), kDropout, 3);
  count(state, x.size());
}
BENCHMARK(BM_AddDropout)->Unit(benchmark::kMicrosecond);

void BM_ReluDropout(benchmark::State& state) {
  const auto x = normal_values(4 * kRows * kCols);
  auto y = x;
  for (auto _ : state) relu_dropout(x.size(), x.data(), y.data(), kDropout, 3);
  count(state, x.size());
}
BENCHMARK(BM_ReluDropout)->Unit(benchmark::kMicrosecond);

void BM_Softmax(benchmark::State& state) {
  const auto cols = static_cast<size_t>(state.range(0));
  const auto raw = normal_values(kRows * cols);
  const auto bias = normal_values(kRows + cols);
  std::vector<float> scores(raw.size()), log_sums(kRows);
  for (auto _ : state) {
    scores = raw;
    softmax({.rows = kRows, .cols = cols, .stride = cols}, scores.data(), bias.data() + kRows - 1, log_sums.data());
  }
  count(state, raw.size());
}
BENCHMARK(BM_Softmax)->Arg(47)->Arg(430)->Unit(benchmark::kMicrosecond);

void BM_RmsNorm(benchmark::State& state) {
  const auto x = normal_values(kRows * kCols);
  const auto weight = normal_values(kCols);
  std::vector<float> y(x.size()), inverse(kRows);
  for (auto _ : state) rms_norm(kRows, kCols, x.data(), weight.data(), 1e-6f, y.data(), inverse.data());
  count(state, x.size());
}
BENCHMARK(BM_RmsNorm)->Unit(benchmark::kMicrosecond);

void BM_RmsNormBackward(benchmark::State& state) {
  const auto x = normal_values(kRows * kCols);
  const auto weight = normal_values(kCols);
  std::vector<float> y(x.size()), inverse(kRows), dx(x.size()), d_weight(kCols);
  rms_norm(kRows, kCols, x.data(), weight.data(), 1e-6f, y.data(), inverse.data());
  for (auto _ : state) {
    rms_norm_backward({kRows, kCols, true}, x.data(), weight.data(), inverse.data(), y.data(), dx.data(),
                      d_weight.data());
  }
  count(state, x.size());
}
BENCHMARK(BM_RmsNormBackward)->Unit(benchmark::kMicrosecond);

void BM_AdamW(benchmark::State& state) {
  const size_t n = size_t{1} << 20;
  const auto grad = normal_values(n);
  std::vector<float> m(n), v(n), weights = grad;
  const AdamStep step{.beta1 = 0.9f,
                      .beta2 = 0.99f,
                      .epsilon = 1e-8f,
                      .step_size = 1e-3f,
                      .second_correction = 1.0f,
                      .decay = 1e-5f,
                      .grad_scale = 1.0f};
  for (auto _ : state) adamw(n, step, grad.data(), m.data(), v.data(), weights.data());
  count(state, n);
}
BENCHMARK(BM_AdamW)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peapod::kernels
