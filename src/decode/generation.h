// What a network generates for a list of inputs: items of a catalogue, or texts. Inputs are worked on in small batches,
// one per thread. Results do not depend on the batch or on the number of threads.
#pragma once

#include <span>
#include <vector>

#include "decode/beam_search.h"
#include "decode/engine_pool.h"
#include "model/seq2seq.h"

namespace peapod {

// The best items of each query, best first; queries[i] is for inputs[i], which is not read where the query allows no
// item. REQUIRES: as many queries as inputs; engines of the item head, whose tokens hold those of the queries' trees.
std::vector<std::vector<ScoredItem>> generate_items(const EnginePool& engines,
                                                    std::span<const ModelInput* const> inputs,
                                                    std::span<const ItemQuery> queries);

// Takes from each next-token logit what the token owes to another, less telling input: logit + weight * (logit - the
// other's logit). Context-aware decoding (Shi et al. 2023, arXiv 2305.14739, equation 4).
struct Contrast {
  const ModelInput* against = nullptr;  // null: none
  float weight = 0;
};

// The best texts of each input, best first. REQUIRES: engines of the text head.
std::vector<std::vector<Text>> generate_texts(const EnginePool& engines, std::span<const ModelInput* const> inputs,
                                              const TextSearchOptions& options, const Contrast& contrast = {});

}  // namespace peapod
