#include "decode/generation.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <vector>

#include "base/threads.h"
#include "decode/engine.h"
#include "tensor/flush_denormals.h"

namespace peapod {
namespace {

// Most inputs of a batch: enough rows for efficient products, few enough to stay in cache.
constexpr size_t kBatch = 16;

// What a thread generates with; its memory is kept from batch to batch.
struct Engines {
  Engines(const PackedNetwork& network, const OutputHead& head) : main(network, head), contrast(network, head) {}
  FlushDenormals flush;
  Engine main, contrast;
};

// Runs work(engines, first, last) over batches of [0, n) on all threads.
template <class Work>
void in_batches(const PackedNetwork& network, const OutputHead& head, size_t n, const Work& work) {
  if (n == 0) return;
  const auto threads = static_cast<size_t>(num_threads());
  if (n < std::min(threads, kBatch)) {  // outside of a parallel region, so that the products themselves use all threads
    Engines engines(network, head);
    work(engines, 0, n);
    return;
  }
  const size_t size = std::min(kBatch, (n + threads - 1) / threads);
  parallel_for((n + size - 1) / size, [&] { return std::make_unique<Engines>(network, head); },
               [&](Engines& engines, size_t batch) { work(engines, batch * size, std::min(n, (batch + 1) * size)); });
}

}  // namespace

std::vector<std::vector<ScoredItem>> generate_items(const PackedNetwork& network,
                                                    std::span<const ModelInput* const> inputs,
                                                    std::span<const ItemQuery> queries) {
  assert(inputs.size() == queries.size());
  std::vector<std::vector<ScoredItem>> results(inputs.size());
  std::vector<size_t> asked;  // those that allow an item
  for (size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].tree->num_items() > 0) asked.push_back(i);
  }
  in_batches(network, network.item_head(), asked.size(), [&](Engines& engines, size_t first, size_t last) {
    Engine& engine = engines.main;
    std::vector<const ModelInput*> batch;
    std::vector<ItemQuery> batch_queries;
    for (size_t i = first; i < last; ++i) {
      batch.push_back(inputs[asked[i]]);
      batch_queries.push_back(queries[asked[i]]);
    }
    engine.start(batch);
    auto found = search_items([&](const DecodeStep& step, std::span<float> logits) { engine.step(step, logits); },
                              engine.alphabet(), batch_queries);
    for (size_t i = first; i < last; ++i) results[asked[i]] = std::move(found[i - first]);
  });
  return results;
}

std::vector<std::vector<Text>> generate_texts(const PackedNetwork& network, std::span<const ModelInput* const> inputs,
                                              const TextSearchOptions& options, const Contrast& contrast) {
  std::vector<std::vector<Text>> results(inputs.size());
  const bool contrasted = contrast.against != nullptr;
  in_batches(network, network.text_head(), inputs.size(), [&](Engines& engines, size_t first, size_t last) {
    const auto batch = inputs.subspan(first, last - first);
    Engine& engine = engines.main;
    engine.start(batch);
    if (contrasted) engines.contrast.start(std::vector<const ModelInput*>(batch.size(), contrast.against));
    std::vector<float> other_logits;
    const auto step = [&](const DecodeStep& rows, std::span<float> logits) {
      engine.step(rows, logits);
      if (!contrasted) return;
      other_logits.resize(logits.size());
      engines.contrast.step(rows, other_logits);
      for (size_t i = 0; i < logits.size(); ++i) logits[i] += contrast.weight * (logits[i] - other_logits[i]);
    };
    std::ranges::move(search_text(step, batch.size(), engine.alphabet().size(), options),
                      results.begin() + static_cast<ptrdiff_t>(first));
  });
  return results;
}

}  // namespace peapod
