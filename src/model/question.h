// What is asked of the model, with every rule of asking: what may be known of who asks, what the input shows of it, and
// which items may be answered. Training, evaluation and use make their questions here and nowhere else, so that they
// cannot disagree; decode/answerer.h answers them. Pure functions, safe from many threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/dataset.h"
#include "model/peapod_model.h"

namespace peapod {

// Who asks, and what is known of them.
struct Known {
  uint32_t text_user = kUnknownUser;  // index of the user whom the text names; kUnknownUser is `user_0`
  uint32_t known_as = kUnknownUser;   // the training user who they are; kUnknownUser: somebody new
  std::span<const uint32_t> items;    // what they did, oldest first; a view
  // What of their own is to be taken out of the counts that recall is made of, as if they had not been there; a view.
  // Empty but in training, where the counts hold the answer.
  std::span<const uint32_t> left_out = {};
};

// What is known of a user of the data set, by situation; views live as long as the data set.
// Training: what precedes the item at `position` of their training history, where the next item is asked for.
Known known_before(const Dataset& data, uint32_t user, size_t position);
// Training: their whole training history, where order has no part (rankings, explanations).
Known known_in_training(const Dataset& data, uint32_t user);
// Evaluation: what precedes the target of `split` (valid or test); everything of a user who is not evaluated.
Known known_in_evaluation(const Dataset& data, uint32_t user, Split split);
// Use: everything.
Known known_in_use(const Dataset& data, uint32_t user);

// Which items may be answered: those of `only`, or all, but for those of `except`.
struct Allowed {
  std::optional<std::vector<uint32_t>> only = std::nullopt;  // ascending; nullopt: the whole catalogue
  std::vector<uint32_t> except = {};                         // in any order, in `only` or not

  bool contains(uint32_t item) const;
};

// Most recalled items that the network appraises where the next item is asked for: the best.
inline constexpr size_t kMostAppraised = 256;

// Most candidates that are ranked at once where items are vectors; where they are tokens, as many as the model tells
// apart.
inline constexpr size_t kMostCandidates = 1000;

struct AskOptions {
  size_t wording = 0;    // of templates_of(task); the bare one, 0, is that of evaluation and use
  Allowed allowed = {};  // items that the request admits, e.g. those of a category
  // Next item: whether what is known of the user may be answered too; nullopt: as the data set has it (Repeats). Where
  // the data set merges repeats, it is not recalled, so where the model recalls it rarely comes before what is.
  std::optional<bool> include_seen = std::nullopt;
  // Next item: the input shows the history from this place on, which must leave some of it; at most the latest
  // kShownHistory of it. Training: histories that begin alike can be read in one pass.
  size_t shown_from = 0;
  uint32_t n = 10;      // items wanted, at least 1
  uint32_t beams = 20;  // width of the search; n where that is more
};

// An input, and what may come of it. Questions of all tasks, of any n and beams, may be answered together.
struct Question {
  ModelInput input;
  Allowed allowed = {};                     // of the two ranking tasks, as are the following
  std::vector<RecalledItem> recalled = {};  // of what may be answered, what the known items bring to mind, best first
  std::vector<uint32_t> appraised = {};     // the items whose marks are input.appraised; each once
  std::span<const uint32_t> left_out = {};  // of the counts that this is made of, as Known has it; a view
  uint32_t n = 10;
  uint32_t beams = 20;

  Moment moment() const { return moment_of(left_out); }
};

// What the known items bring to mind, best first, as questions have it. Nothing where the model recalls nothing.
std::vector<RecalledItem> recalled_of(const PeapodModel& model, const Known& who);

// Whether the next items of these options may be known ones.
bool includes_seen(const PeapodModel& model, const AskOptions& options);

// The next items. Shows the history; what is in it is not answered, unless includes_seen().
// REQUIRES: at least one known item.
Question ask_next_item(const PeapodModel& model, const Known& who, const AskOptions& options = {});

// The best of the candidates. Shows them, each once, but for those that are not allowed; where none
// remains, nothing can be answered. Where items are shown as vectors, the history is shown too. What is asked about is
// not known: candidates are taken out of the items that the personal prompt is made of, as the target is in training
// (docs/decisions.md; static user vectors, as published, are of all training items nevertheless). They may all be
// answered, seen or not. Where the data set keeps repeats, candidates stay among what is known: to have had one tells
// that it may come again. Throws Error for more candidates than the model ranks at a time.
Question ask_ranking(const PeapodModel& model, const Known& who, std::span<const uint32_t> candidates,
                     const AskOptions& options = {});

// A sentence on why the user would like the item, which is taken out of what is known as candidates are. Of the
// options, the wording counts.
Question ask_explanation(const PeapodModel& model, const Known& who, uint32_t item, const AskOptions& options = {});

// A sentence of nobody about nothing: what explanations are contrasted with (decode/answerer.h).
Question ask_generic_explanation(const PeapodModel& model, const AskOptions& options = {});

}  // namespace peapod
