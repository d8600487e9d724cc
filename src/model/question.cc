#include "model/question.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace peapod {
namespace {

Known known_as(uint32_t user, std::span<const uint32_t> items) {
  return {.text_user = user, .known_as = user, .items = items};
}

std::vector<uint32_t> without(std::span<const uint32_t> items, std::span<const uint32_t> left_out) {
  std::vector<uint32_t> rest;
  std::ranges::copy_if(items, std::back_inserter(rest),
                       [&](uint32_t item) { return std::ranges::find(left_out, item) == left_out.end(); });
  return rest;
}

// The candidates that may be answered, in their order, each once.
std::vector<uint32_t> shown(std::span<const uint32_t> candidates, const Allowed& allowed) {
  std::vector<uint32_t> kept;
  std::vector<uint32_t> seen;  // ascending
  for (const uint32_t item : candidates) {
    const auto place = std::ranges::lower_bound(seen, item);
    if (place != seen.end() && *place == item) continue;
    seen.insert(place, item);
    if (allowed.contains(item)) kept.push_back(item);
  }
  return kept;
}

std::vector<RecalledItem> recalled_of(const PeapodModel& model, std::span<const uint32_t> known,
                                      const AskOptions& options) {
  return options.recalls && model.recall() != nullptr ? model.recall()->recall(known) : std::vector<RecalledItem>();
}

// `profile`: what the personal prompt is made of; `items`: what the text shows.
ModelInput make_input(const PeapodModel& model, Task task, size_t wording, const Known& who,
                      std::span<const uint32_t> profile, std::span<const uint32_t> items) {
  return {task, model.writer().write(task, wording, who.text_user, items), model.see(who.known_as, profile)};
}

}  // namespace

Known known_before(const Dataset& data, uint32_t user, size_t position) {
  return known_as(user, data.train_items(user).first(position));
}

Known known_in_training(const Dataset& data, uint32_t user) { return known_as(user, data.train_items(user)); }

Known known_in_evaluation(const Dataset& data, uint32_t user, Split split) {
  return known_as(user, data.evaluated(user) ? data.items_before(user, split) : data.history(user));
}

Known known_in_use(const Dataset& data, uint32_t user) { return known_as(user, data.history(user)); }

bool Allowed::contains(uint32_t item) const {
  return (!only || std::ranges::binary_search(*only, item)) && std::ranges::find(except, item) == except.end();
}

Question ask_next_item(const PeapodModel& model, const Known& who, const AskOptions& options) {
  Question question{.input = make_input(model, Task::sequential, options.wording, who, who.items, who.items),
                    .allowed = options.allowed,
                    .recalled = recalled_of(model, who.items, options),
                    .n = options.n,
                    .beams = options.beams};
  if (!options.include_seen) {
    question.allowed.except.insert(question.allowed.except.end(), who.items.begin(), who.items.end());
  }
  return question;
}

Question ask_ranking(const PeapodModel& model, const Known& who, std::span<const uint32_t> candidates,
                     const AskOptions& options) {
  std::vector<uint32_t> items = shown(candidates, options.allowed);
  // One whole-word index for each, one for the user, and index 0 for other text.
  const size_t room = model.network().config().num_whole_words - 2;
  if (items.size() > room) {
    throw Error("candidates", fmt::format("{} items, but this model tells at most {} apart", items.size(), room),
                "rank fewer at a time, or filter by category instead");
  }
  Question question{.input = {}, .n = options.n, .beams = options.beams};
  if (!items.empty()) {
    const std::vector<uint32_t> known = without(who.items, items);
    question.input = make_input(model, Task::topn, options.wording, who, known, items);
    question.recalled = recalled_of(model, known, options);
  }
  question.input.task = Task::topn;
  std::ranges::sort(items);
  question.allowed.only = std::move(items);
  return question;
}

Question ask_explanation(const PeapodModel& model, const Known& who, uint32_t item, const AskOptions& options) {
  const std::span about(&item, 1);
  return {.input = make_input(model, Task::explanation, options.wording, who, without(who.items, about), about)};
}

Question ask_generic_explanation(const PeapodModel& model, const AskOptions& options) {
  return {.input = make_input(model, Task::explanation, options.wording, {}, {}, {})};
}

}  // namespace peapod
