// Beam search, apart from the model that it searches: the caller supplies one function that turns the rows of a step
// into next-token logits. search_text() writes free text, search_items() finds items of a catalogue. Both take a batch
// of inputs; an input's result does not depend on the others. Calls share nothing, so they may run on several threads
// as far as the step function allows; inside, work is split with OpenMP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "decode/catalogue_tree.h"
#include "decode/search_prior.h"

namespace peapod {

// The beams of all inputs that are still being searched, one row each; the rows of an input stand together, inputs
// ascending. Rows come and go between steps. Views live for the duration of the call.
struct DecodeStep {
  uint32_t index = 0;                 // 0, 1, …: how many tokens each row already has after the start token
  std::span<const int32_t> tokens;    // [rows] what each row took last: kPadId, T5's start token, at step 0
  std::span<const uint32_t> parents;  // [rows] the row of the previous step that each continues; at step 0 its input
  std::span<const uint32_t> inputs;   // [rows] the input that each belongs to
};

// Fills logits [rows, tokens that may come], row-major. The buffer is the search's and holds anything on entry. Minus
// infinity and single NaNs count as probability zero.
using StepFunction = std::function<void(const DecodeStep& step, std::span<float> logits)>;

// The names and meanings of transformers' `generate`.
struct TextSearchOptions {
  uint32_t num_beams = 1;        // 1 is greedy; a multiple of num_beam_groups
  uint32_t num_beam_groups = 1;  // groups search one after the other; each has num_beams / num_beam_groups beams
  float diversity_penalty = 0;   // off a token's log-probability for each beam of earlier groups that took it this step
  uint32_t min_new_tokens = 0;   // the end id cannot come before this many tokens
  uint32_t max_new_tokens = 32;  // the end id included; at least 1
  float length_penalty = 1;      // a score is the summed log-probability / length^length_penalty, end id counted
  bool early_stopping = false;   // stop at num_beams ended texts, even where a longer one could still score better
};

struct Text {
  std::vector<int32_t> tokens;  // without start and end id
  bool ended = false;           // by the end id rather than by max_new_tokens
  float score = 0;
};

// Up to num_beams texts for each of `num_inputs` inputs, best first, as transformers 4.49 `generate(do_sample=False)`
// ranks them (generation/utils.py `_beam_search` and `_group_beam_search`, generation/beam_search.py). Where there are
// fewer continuations than beams it carries fewer, not copies at -1e9; tokens of probability zero are never taken; a
// group that is done does not count as choosing the pad id.
// Throws Error for options that contradict each other and for the logits of a model that has diverged.
std::vector<std::vector<Text>> search_text(const StepFunction& step, size_t num_inputs, size_t vocabulary,
                                           const TextSearchOptions& options);

struct ItemQuery {
  const CatalogueTree* tree = nullptr;  // the items that may be found; must outlive the call
  std::span<const uint32_t> excluded;   // except these, in any order, in the tree or not; no beam is spent on them
  uint32_t num_items = 10;              // at least 1
  uint32_t num_beams = 20;              // at least num_items; as many as the tree has items make the search exhaustive
  // What is believed before the network is asked, of this tree and without the same items; null: nothing, and a token's
  // probability is that among the whole alphabet. Must outlive the call.
  const SearchPrior* prior = nullptr;
};

struct ScoredItem {
  uint32_t item = 0;
  // Summed log-probability of its tokens, the end id included: among those of the alphabet, or with a prior among those
  // that are allowed.
  float score = 0;

  bool operator==(const ScoredItem&) const = default;
};

// The best num_items distinct items of each query, best first; equal scores by the order of their tokens. Fewer only
// where the tree allows fewer or an item has probability zero. Ended items compete with beams of any depth, and the
// search of an input stops when none of its beams can reach its num_items-th item any more: log-probabilities only
// fall, so nothing is lost by it.
// `alphabet` says which token each logit of a row is for, ascending. REQUIRES: it holds all tokens of the trees.
// Throws Error when num_items or num_beams do not fit, when a tree has tokens beyond the alphabet's last, and for the
// logits of a model that has diverged.
std::vector<std::vector<ScoredItem>> search_items(const StepFunction& step, std::span<const int32_t> alphabet,
                                                  std::span<const ItemQuery> queries);

}  // namespace peapod
