// What the model answers: next items, ranked candidates, explanations. Requests are worked on in small batches, one per
// thread. Results do not depend on the batch or on the number of threads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "decode/beam_search.h"
#include "decode/catalogue_tree.h"
#include "decode/packed_network.h"
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
};

// The best items of each request, best first. REQUIRES: the network's item tokens hold those of the requests' trees.
std::vector<std::vector<ScoredItem>> generate_items(const PackedNetwork& network, std::span<const ItemRequest> requests,
                                                    const GenerationOptions& options);

// Takes from each next-token logit what the token owes to another, less telling input: logit + weight * (logit - the
// other's logit). Context-aware decoding (Shi et al. 2023, arXiv 2305.14739, equation 4).
struct Contrast {
  const ModelInput* against = nullptr;  // null: none
  float weight = 0;
};

// The best texts of each input, best first.
std::vector<std::vector<Text>> generate_texts(const PackedNetwork& network, std::span<const ModelInput> inputs,
                                              const TextSearchOptions& options, const Contrast& contrast = {});

// Explanations: 21 beams in 3 groups with diversity penalty 1, 10 to 32 new tokens, each input against the one that
// names neither user nor item. `network` is the model's.
std::vector<std::vector<Text>> generate_explanations(const PeapodModel& model, const PackedNetwork& network,
                                                     std::span<const ModelInput> inputs);

}  // namespace peapod
