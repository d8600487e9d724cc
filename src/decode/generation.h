// What the model answers: next items, ranked candidates, explanations. Requests are worked on in small batches, one per
// thread. Results do not depend on the batch or on the number of threads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "decode/beam_search.h"
#include "decode/catalogue_tree.h"
#include "model/peapod_model.h"

namespace peapod {

// The tree of a model's whole catalogue.
CatalogueTree catalogue_of(const PeapodModel& model);

struct ItemRequest {
  ModelInput input;
  const CatalogueTree* tree = nullptr;  // items that may be answered; must outlive the call
  std::vector<uint32_t> excluded;       // except these
};

struct GenerationOptions {
  uint32_t num_items = 10;
  uint32_t num_beams = 20;
  Precision precision = Precision::f32;
};

// The best items of each request, best first.
std::vector<std::vector<ScoredItem>> generate_items(const Seq2Seq<float>& network,
                                                    std::span<const ItemRequest> requests,
                                                    const GenerationOptions& options);

// Explanations: 21 beams in 3 groups with diversity penalty 1, 10 to 32 new tokens.
TextSearchOptions explanation_search();

// The best text of each input, as token ids.
std::vector<std::vector<Text>> generate_texts(const Seq2Seq<float>& network, std::span<const ModelInput> inputs,
                                              const TextSearchOptions& options, Precision precision);

}  // namespace peapod
