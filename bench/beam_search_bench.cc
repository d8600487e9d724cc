// The searches alone: logits come from a table, so that nothing but the search takes time.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "bench/made_workload.h"
#include "decode/beam_search.h"

namespace peapod {
namespace {

constexpr uint64_t kLogitsSeed = 1;

// Fills rows with parts of a table of random numbers, another part for each row and step.
StepFunction logits_from(const std::vector<float>& table) {
  return [&table](const DecodeStep& step, std::span<float> logits) {
    const size_t width = logits.size() / step.tokens.size();
    for (size_t row = 0; row < step.tokens.size(); ++row) {
      const size_t start = mix64(row, step.index) % (table.size() - width);
      std::copy_n(table.data() + start, width, logits.data() + row * width);
    }
  };
}

std::vector<float> made_table() {
  Random random(kLogitsSeed);
  std::vector<float> table(1 << 17);
  for (float& value : table) value = static_cast<float>(3.0 * random.normal());
  return table;
}

void items(benchmark::State& state) {
  const MadeWorkload workload("mini");
  const auto alphabet = workload.catalogue().alphabet();
  const auto table = made_table();
  const StepFunction step = logits_from(table);
  const std::vector<ItemQuery> queries(16, ItemQuery{.tree = &workload.catalogue(), .excluded = {}});
  for (auto _ : state) benchmark::DoNotOptimize(search_items(step, alphabet, queries).size());
}
BENCHMARK(items)->Unit(benchmark::kMillisecond);

void text(benchmark::State& state) {
  const auto table = made_table();
  const StepFunction step = logits_from(table);
  const TextSearchOptions options{
      .num_beams = 21, .num_beam_groups = 3, .diversity_penalty = 1.0f, .min_new_tokens = 10, .max_new_tokens = 32};
  for (auto _ : state) benchmark::DoNotOptimize(search_text(step, 16, 2070, options).size());
}
BENCHMARK(text)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peapod
