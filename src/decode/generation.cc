#include "decode/generation.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "decode/engine.h"
#include "tensor/flush_denormals.h"

namespace peapod {
namespace {

// Inputs of a batch: enough rows for efficient products, few enough to stay in cache.
constexpr size_t kBatch = 16;

// Chosen on validation (docs/decisions.md): less repeats the same praise for everything, more loses the sentence.
constexpr float kExplanationContrast = 0.5f;

// Runs work(first, last) over batches of [0, n) on all threads and passes on the first exception.
template <class Work>
void in_batches(size_t n, const Work& work) {
  std::exception_ptr failure;
  const auto batches = static_cast<ptrdiff_t>((n + kBatch - 1) / kBatch);
  const auto guarded = [&](size_t batch) {
    const FlushDenormals flush;
    try {
      work(batch * kBatch, std::min(n, (batch + 1) * kBatch));
    } catch (...) {
#pragma omp critical(peapod_generation_failure)
      if (!failure) failure = std::current_exception();
    }
  };
  if (batches == 1) {
    guarded(0);  // outside a parallel region, so that the products themselves use all threads
  } else {
#pragma omp parallel for schedule(dynamic)
    for (ptrdiff_t batch = 0; batch < batches; ++batch) guarded(static_cast<size_t>(batch));
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

CatalogueTree catalogue_of(const PeapodModel& model) {
  std::vector<std::span<const int32_t>> sequences;
  for (uint32_t item = 0; item < model.ids().num_items(); ++item) sequences.push_back(model.ids().item_output(item));
  return CatalogueTree::build(sequences);
}

std::vector<std::vector<ScoredItem>> generate_items(const Seq2Seq<float>& network,
                                                    std::span<const ItemRequest> requests,
                                                    const GenerationOptions& options) {
  std::vector<std::vector<ScoredItem>> results(requests.size());
  in_batches(requests.size(), [&](size_t first, size_t last) {
    std::vector<const ModelInput*> inputs;
    std::vector<ItemQuery> queries;
    for (size_t i = first; i < last; ++i) {
      inputs.push_back(&requests[i].input);
      queries.push_back({requests[i].tree, requests[i].excluded});
    }
    Engine engine(network, inputs, options.precision);
    auto found =
        search_items([&](const DecodeStep& step, std::span<float> logits) { engine.step(step, logits); },
                     engine.vocabulary(), queries, {.num_items = options.num_items, .num_beams = options.num_beams});
    std::ranges::move(found, results.begin() + static_cast<ptrdiff_t>(first));
  });
  return results;
}

std::vector<std::vector<Text>> generate_texts(const Seq2Seq<float>& network, std::span<const ModelInput> inputs,
                                              const TextSearchOptions& options, Precision precision,
                                              const Contrast& contrast) {
  std::vector<std::vector<Text>> results(inputs.size());
  in_batches(inputs.size(), [&](size_t first, size_t last) {
    std::vector<const ModelInput*> batch;
    for (size_t i = first; i < last; ++i) batch.push_back(&inputs[i]);
    Engine engine(network, batch, precision);
    std::optional<Engine> other;
    if (contrast.against != nullptr) {
      other.emplace(network, std::vector<const ModelInput*>(batch.size(), contrast.against), precision);
    }
    std::vector<float> other_logits;
    const auto step = [&](const DecodeStep& rows, std::span<float> logits) {
      engine.step(rows, logits);
      if (!other) return;
      other_logits.resize(logits.size());
      other->step(rows, other_logits);
      for (size_t i = 0; i < logits.size(); ++i) logits[i] += contrast.weight * (logits[i] - other_logits[i]);
    };
    std::ranges::move(search_text(step, batch.size(), engine.vocabulary(), options),
                      results.begin() + static_cast<ptrdiff_t>(first));
  });
  return results;
}

std::vector<std::vector<Text>> generate_explanations(const PeapodModel& model, std::span<const ModelInput> inputs,
                                                     Precision precision) {
  const TextSearchOptions search{
      .num_beams = 21, .num_beam_groups = 3, .diversity_penalty = 1.0f, .min_new_tokens = 10, .max_new_tokens = 32};
  const ModelInput generic = model.input(Task::explanation, 0, {}, {});
  return generate_texts(model.network(), inputs, search, precision,
                        {.against = &generic, .weight = kExplanationContrast});
}

}  // namespace peapod
