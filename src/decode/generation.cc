#include "decode/generation.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <vector>

#include "base/threads.h"
#include "tensor/flush_denormals.h"

namespace peapod {
namespace {

// Most inputs of a batch: enough rows for efficient products, few enough to stay in cache.
constexpr size_t kBatch = 16;

// What a thread generates with.
struct Worker {
  explicit Worker(const EnginePool& engines) : engine(engines.take()) {}
  FlushDenormals flush;  // on the thread that makes it
  EnginePool::Lease engine;
  EnginePool::Lease other;  // for what texts are contrasted with; taken where there is such a thing
};

// Runs work(worker, first, last) over batches of [0, n) on all threads.
template <class Work>
void in_batches(const EnginePool& engines, size_t n, const Work& work) {
  if (n == 0) return;
  const auto threads = static_cast<size_t>(num_threads());
  if (n < std::min(threads, kBatch)) {  // outside of a parallel region, so that the products themselves use all threads
    Worker worker(engines);
    work(worker, 0, n);
    return;
  }
  const size_t size = std::min(kBatch, (n + threads - 1) / threads);
  parallel_for((n + size - 1) / size, [&] { return std::make_unique<Worker>(engines); },
               [&](Worker& worker, size_t batch) { work(worker, batch * size, std::min(n, (batch + 1) * size)); });
}

}  // namespace

std::vector<std::vector<ScoredItem>> generate_items(const EnginePool& engines,
                                                    std::span<const ModelInput* const> inputs,
                                                    std::span<const ItemQuery> queries) {
  assert(inputs.size() == queries.size());
  std::vector<std::vector<ScoredItem>> results(inputs.size());
  std::vector<size_t> asked;  // those that allow an item
  for (size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].tree->num_items() > 0) asked.push_back(i);
  }
  in_batches(engines, asked.size(), [&](Worker& worker, size_t first, size_t last) {
    Engine& engine = *worker.engine;
    std::vector<const ModelInput*> batch;
    std::vector<ItemQuery> batch_queries;
    for (size_t i = first; i < last; ++i) {
      batch.push_back(inputs[asked[i]]);
      batch_queries.push_back(queries[asked[i]]);
    }
    engine.start(batch);
    std::vector<SearchPrior> appraised;
    appraised.reserve(batch.size());  // queries point to them
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch_queries[i].prior == nullptr || batch[i]->appraised.empty()) continue;
      batch_queries[i].prior = &appraised.emplace_back(batch_queries[i].prior->appraised_by(engine.appraisals(i)));
    }
    auto found = search_items([&](const DecodeStep& step, std::span<float> logits) { engine.step(step, logits); },
                              engine.alphabet(), batch_queries);
    for (size_t i = first; i < last; ++i) results[asked[i]] = std::move(found[i - first]);
  });
  return results;
}

std::vector<std::vector<Text>> generate_texts(const EnginePool& engines, std::span<const ModelInput* const> inputs,
                                              const TextSearchOptions& options, const Contrast& contrast) {
  std::vector<std::vector<Text>> results(inputs.size());
  const bool contrasted = contrast.against != nullptr;
  in_batches(engines, inputs.size(), [&](Worker& worker, size_t first, size_t last) {
    const auto batch = inputs.subspan(first, last - first);
    Engine& engine = *worker.engine;
    engine.start(batch);
    if (contrasted) {
      if (worker.other == nullptr) worker.other = engines.take();
      worker.other->start(std::vector<const ModelInput*>(batch.size(), contrast.against));
    }
    std::vector<float> other_logits;
    const auto step = [&](const DecodeStep& rows, std::span<float> logits) {
      engine.step(rows, logits);
      if (!contrasted) return;
      other_logits.resize(logits.size());
      worker.other->step(rows, other_logits);
      for (size_t i = 0; i < logits.size(); ++i) logits[i] += contrast.weight * (logits[i] - other_logits[i]);
    };
    std::ranges::move(search_text(step, batch.size(), engine.alphabet().size(), options),
                      results.begin() + static_cast<ptrdiff_t>(first));
  });
  return results;
}

}  // namespace peapod
