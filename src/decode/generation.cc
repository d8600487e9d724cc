#include "decode/generation.h"

#include <algorithm>
#include <exception>
#include <vector>

#include "base/threads.h"
#include "decode/engine.h"
#include "tensor/flush_denormals.h"

namespace peapod {
namespace {

// Most inputs of a batch: enough rows for efficient products, few enough to stay in cache.
constexpr size_t kBatch = 16;

// Chosen on validation (docs/decisions.md): less repeats the same praise for everything, more loses the sentence.
constexpr float kExplanationContrast = 0.5f;

// What a thread generates with; its memory is kept from batch to batch.
struct Engines {
  Engines(const PackedNetwork& network, const OutputHead& head) : main(network, head), contrast(network, head) {}
  Engine main, contrast;
};

// Runs work(engines, first, last) over batches of [0, n) on all threads and passes on the first exception.
template <class Work>
void in_batches(const PackedNetwork& network, const OutputHead& head, size_t n, const Work& work) {
  const auto threads = static_cast<size_t>(num_threads());
  if (n < std::min(threads, kBatch)) {  // outside of a parallel region, so that the products themselves use all threads
    const FlushDenormals flush;
    Engines engines(network, head);
    if (n > 0) work(engines, 0, n);
    return;
  }
  std::exception_ptr failure;
  const size_t size = std::min(kBatch, (n + threads - 1) / threads);
  const auto batches = static_cast<ptrdiff_t>((n + size - 1) / size);
#pragma omp parallel
  {
    const FlushDenormals flush;
    Engines engines(network, head);
#pragma omp for schedule(dynamic)
    for (ptrdiff_t batch = 0; batch < batches; ++batch) {
      try {
        const auto first = static_cast<size_t>(batch) * size;
        work(engines, first, std::min(n, first + size));
      } catch (...) {
#pragma omp critical(peapod_generation_failure)
        if (!failure) failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

CatalogueTree catalogue_of(const PeapodModel& model) {
  std::vector<std::span<const int32_t>> sequences;
  for (uint32_t item = 0; item < model.ids().num_items(); ++item) sequences.push_back(model.ids().item_output(item));
  return CatalogueTree::build(sequences);
}

std::vector<std::vector<ScoredItem>> generate_items(const PackedNetwork& network, std::span<const ItemRequest> requests,
                                                    const GenerationOptions& options) {
  std::vector<std::vector<ScoredItem>> results(requests.size());
  in_batches(network, network.item_head(), requests.size(), [&](Engines& engines, size_t first, size_t last) {
    Engine& engine = engines.main;
    std::vector<const ModelInput*> inputs;
    std::vector<ItemQuery> queries;
    for (size_t i = first; i < last; ++i) {
      inputs.push_back(&requests[i].input);
      queries.push_back({requests[i].tree, requests[i].excluded});
    }
    engine.start(inputs);
    auto found =
        search_items([&](const DecodeStep& step, std::span<float> logits) { engine.step(step, logits); },
                     engine.alphabet(), queries, {.num_items = options.num_items, .num_beams = options.num_beams});
    std::ranges::move(found, results.begin() + static_cast<ptrdiff_t>(first));
  });
  return results;
}

std::vector<std::vector<Text>> generate_texts(const PackedNetwork& network, std::span<const ModelInput> inputs,
                                              const TextSearchOptions& options, const Contrast& contrast) {
  std::vector<std::vector<Text>> results(inputs.size());
  const bool contrasted = contrast.against != nullptr;
  in_batches(network, network.text_head(), inputs.size(), [&](Engines& engines, size_t first, size_t last) {
    std::vector<const ModelInput*> batch;
    for (size_t i = first; i < last; ++i) batch.push_back(&inputs[i]);
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

std::vector<std::vector<Text>> generate_explanations(const PeapodModel& model, const PackedNetwork& network,
                                                     std::span<const ModelInput> inputs) {
  const TextSearchOptions search{
      .num_beams = 21, .num_beam_groups = 3, .diversity_penalty = 1.0f, .min_new_tokens = 10, .max_new_tokens = 32};
  const ModelInput generic = model.input(Task::explanation, 0, {}, {});
  return generate_texts(network, inputs, search, {.against = &generic, .weight = kExplanationContrast});
}

}  // namespace peapod
