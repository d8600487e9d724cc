// What the network is given: inputs, and targets that it learns to answer with. Plain data; knows nothing of data sets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/task.h"
#include "model/composer.h"
#include "model/item_marks.h"
#include "text/prompt_text.h"

namespace peapod {

// An item as one vector: the sum of the embeddings of its tokens and of what is marked of it.
struct ShownItem {
  std::span<const int32_t> tokens;  // that name it to the decoder; a view of what the model's IdTokens hold
  ItemMarks marks = {};

  bool operator==(const ShownItem& other) const {
    return tokens.data() == other.tokens.data() && tokens.size() == other.tokens.size() && marks == other.marks;
  }
};

// One example's input.
struct ModelInput {
  Task task = Task::sequential;
  PromptText text = {};                 // may be empty
  std::vector<ShownItem> history = {};  // oldest first, behind the text
  std::vector<ShownItem> beside = {};   // in no order: recalled items, or candidates
  // Of items that the network appraises: of what is recalled (prefs/recall.h) of each, it says how much too low it is.
  std::vector<ItemMarks> appraised = {};
  ComposerUser user = {};
};

// Pointers to inputs that lie elsewhere, as a batch of them is passed on.
inline std::vector<const ModelInput*> views_of(std::span<const ModelInput> inputs) {
  std::vector<const ModelInput*> views;
  for (const ModelInput& input : inputs) views.push_back(&input);
  return views;
}

// What some tokens of a target are chosen from, where that is not the whole vocabulary: choice set c is about token
// steps[c] of the target and has the entries from starts[c] to starts[c + 1].
struct PathChoices {
  // Of what lies below an entry, an item whose mass the network appraises. The entry's bias is of the rest.
  struct Appraised {
    uint32_t entry = 0;
    uint32_t index = 0;  // among the input's appraised
    float mass = 0;
    bool operator==(const Appraised&) const = default;
  };
  std::vector<uint32_t> steps = {};       // [sets] ascending
  std::vector<uint32_t> starts{0};        // [sets + 1]
  std::vector<int32_t> tokens = {};       // [entries]
  std::vector<float> biases = {};         // [entries] added to the logits
  std::vector<uint32_t> chosen = {};      // [sets] the entry that the target takes, counted from the set's first
  std::vector<Appraised> appraised = {};  // entries ascending

  size_t num_sets() const { return steps.size(); }
  bool operator==(const PathChoices&) const = default;
};

// A sequence that the decoder is to write for an input; the losses of what is chosen count `weight` times.
struct Target {
  std::span<const int32_t> tokens;  // at least one; the end id included, unless a path says that it is not needed
  uint32_t input = 0;
  double weight = 1.0;
  const PathChoices* path = nullptr;  // null: each token is chosen from the whole vocabulary
};

}  // namespace peapod
