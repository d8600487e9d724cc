// Answers questions (model/question.h) with a model: items by beam search on the tree of the catalogue, explanations by
// contrasted group beam search. Owns the tree and the packed weights, so it is made once: where a model is loaded,
// evaluated or validated. Immutable; safe from many threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "decode/beam_search.h"
#include "decode/engine_pool.h"
#include "decode/packed_network.h"
#include "decode/search_scope.h"
#include "model/question.h"

namespace peapod {

struct Answer {
  std::vector<ScoredItem> items;       // best first; of the two ranking tasks
  std::vector<std::string> sentences;  // best first, repeats possible; of explanations
};

// How explanations are searched.
inline constexpr TextSearchOptions kExplanationSearch{
    .num_beams = 21, .num_beam_groups = 3, .diversity_penalty = 1.0f, .min_new_tokens = 10, .max_new_tokens = 32};

struct AnswererOptions {
  Precision precision = Precision::f32;  // of the matrix products
  bool explains = true;                  // explanations are to be answered too, which needs a larger output head
};

class Answerer {
 public:
  // `model` must outlive the answerer, and its weights must stay as they are; its search trust may change between
  // calls.
  Answerer(const PeapodModel& model, const AnswererOptions& options);
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

  // One answer a question, in their order; it does not depend on the other questions or on the number of threads. Items
  // are fewer than n only where no more are allowed or others have probability zero. REQUIRES: no explanation is asked
  // for, unless options.explains. Throws Error for the logits of a model that has diverged.
  std::vector<Answer> answer(std::span<const Question> questions) const;

 private:
  void answer_items(std::span<const Question* const> questions, std::span<Answer* const> answers) const;
  void explain(std::span<const Question* const> questions, std::span<Answer* const> answers) const;

  const PeapodModel& model_;
  SearchSpace space_;
  PackedNetwork network_;
  EnginePool item_engines_;                   // of network_, as the next
  std::unique_ptr<EnginePool> text_engines_;  // null where nothing is explained
  ModelInput generic_;                        // what explanations are contrasted with
};

}  // namespace peapod
