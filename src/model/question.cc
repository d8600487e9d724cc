#include "model/question.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace peapod {
namespace {

Known known_as(uint32_t user, std::span<const uint32_t> items, std::span<const uint32_t> left_out = {}) {
  return {.text_user = user, .known_as = user, .items = items, .left_out = left_out};
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

bool shows_vectors(const PeapodModel& model) { return model.network().config().items == ItemForm::vectors; }

// The latest of the items, from `from` on, as vectors.
std::vector<ShownItem> history_of(const PeapodModel& model, std::span<const uint32_t> items, size_t from) {
  const bool is_causal = model.network().config().encoder == EncoderKind::causal;
  from = std::max(from, items.size() - std::min(items.size(), kShownHistory));
  std::vector<ShownItem> shown;
  for (size_t place = from; place < items.size(); ++place) {
    const ItemMarks marks = is_causal ? plain_history_marks() : history_marks(items.size() - 1 - place);
    shown.push_back({model.ids().item_output(items[place]), marks});
  }
  return shown;
}

std::vector<ShownItem> best_of(const PeapodModel& model, std::span<const RecalledItem> recalled) {
  std::vector<ShownItem> shown;
  for (size_t rank = 0; rank < std::min(recalled.size(), kShownRecalled); ++rank) {
    const RecalledItem& one = recalled[rank];
    shown.push_back({model.ids().item_output(one.item), recalled_marks(rank, one, recalled.front().score)});
  }
  return shown;
}

// Marks of candidates by what is recalled of each; `ascending` holds the same items in order.
std::vector<ItemMarks> marks_of(const PeapodModel& model, std::span<const uint32_t> candidates,
                                std::span<const uint32_t> ascending, std::span<const RecalledItem> recalled,
                                std::span<const uint32_t> left_out) {
  std::vector<const RecalledItem*> of(ascending.size(), nullptr);
  float best = 0;
  for (const RecalledItem& one : recalled) {
    const auto place = std::ranges::lower_bound(ascending, one.item);
    if (place == ascending.end() || *place != one.item) continue;
    of[static_cast<size_t>(place - ascending.begin())] = &one;
    best = std::max(best, one.score);
  }
  std::vector<ItemMarks> marks;
  for (const uint32_t item : candidates) {
    const RecalledItem* one = of[static_cast<size_t>(std::ranges::lower_bound(ascending, item) - ascending.begin())];
    if (one != nullptr) {
      marks.push_back(candidate_marks(*one, best));
    } else {
      const Recall* recall = model.recall_use().prompt ? model.recall() : nullptr;
      marks.push_back(unrecalled_marks(recall == nullptr ? 0 : recall->popularity(item, left_out)));
    }
  }
  return marks;
}

// Has the network appraise what is recalled.
void appraise(const PeapodModel& model, Question& question) {
  if (!model.network().config().appraises) return;
  for (size_t rank = 0; rank < std::min(question.recalled.size(), kMostAppraised); ++rank) {
    const RecalledItem& one = question.recalled[rank];
    question.appraised.push_back(one.item);
    question.input.appraised.push_back(recalled_marks(rank, one, question.recalled.front().score));
  }
}

void require_room(const PeapodModel& model, size_t candidates) {
  // A text tells its items apart by their whole-word indices: one for each, one for the user, and 0 for other text.
  const size_t room = shows_vectors(model) ? kMostCandidates : model.network().config().num_whole_words - 2;
  if (candidates > room) {
    throw Error("candidates", fmt::format("{} items, but this model ranks at most {} at a time", candidates, room),
                "rank fewer at a time, or filter by category instead");
  }
}

// The best of what the known items bring to mind among some items, or the whole catalogue.
std::vector<RecalledItem> recalled_among(const PeapodModel& model, const Known& who,
                                         std::optional<std::span<const uint32_t>> among, size_t most) {
  if (model.recall() == nullptr) return {};
  return model.recall()->recall(who.items, {.left_out = who.left_out, .among = among, .most = most});
}

}  // namespace

Known known_before(const Dataset& data, uint32_t user, size_t position) {
  const auto history = data.train_items(user);
  return known_as(user, history.first(position), history);
}

Known known_in_training(const Dataset& data, uint32_t user) {
  return known_as(user, data.train_items(user), data.train_items(user));
}

Known known_in_evaluation(const Dataset& data, uint32_t user, Split split) {
  return known_as(user, data.evaluated(user) ? data.items_before(user, split) : data.history(user));
}

Known known_in_use(const Dataset& data, uint32_t user) { return known_as(user, data.history(user)); }

bool Allowed::contains(uint32_t item) const {
  return (!only || std::ranges::binary_search(*only, item)) && std::ranges::find(except, item) == except.end();
}

std::vector<RecalledItem> recalled_of(const PeapodModel& model, const Known& who) {
  return recalled_among(model, who, std::nullopt, RecallOptions().most);
}

bool includes_seen(const PeapodModel& model, const AskOptions& options) {
  return options.include_seen.value_or(model.dataset().repeats() == Repeats::keep);
}

Question ask_next_item(const PeapodModel& model, const Known& who, const AskOptions& options) {
  Question question{.input = {.task = Task::sequential, .user = model.see(who.known_as, who.items)},
                    .allowed = options.allowed,
                    .recalled = recalled_of(model, who),
                    .left_out = who.left_out,
                    .n = options.n,
                    .beams = options.beams};
  if (shows_vectors(model)) {
    question.input.history = history_of(model, who.items, options.shown_from);
    if (model.recall_use().prompt) question.input.beside = best_of(model, question.recalled);
    appraise(model, question);
  } else {
    question.input.text = model.writer().write(Task::sequential, options.wording, who.text_user, who.items);
  }
  // The prompt shows what comes to mind first, whatever may be answered, as in training; so ranks what is appraised.
  if (options.allowed.only) {
    question.recalled = recalled_among(model, who, *options.allowed.only, RecallOptions().most);
  }
  if (!includes_seen(model, options)) {
    question.allowed.except.insert(question.allowed.except.end(), who.items.begin(), who.items.end());
  }
  return question;
}

Question ask_ranking(const PeapodModel& model, const Known& who, std::span<const uint32_t> candidates,
                     const AskOptions& options) {
  const std::vector<uint32_t> items = shown(candidates, options.allowed);
  std::vector<uint32_t> ascending = items;
  std::ranges::sort(ascending);
  Question question{.input = {.task = Task::topn}, .left_out = who.left_out, .n = options.n, .beams = options.beams};
  require_room(model, items.size());
  if (!items.empty()) {
    const bool may_repeat = model.dataset().repeats() == Repeats::keep;
    const std::vector<uint32_t> known = without(who.items, may_repeat ? std::span<const uint32_t>() : ascending);
    question.input.user = model.see(who.known_as, known);
    question.recalled = recalled_among(model, {.items = known, .left_out = who.left_out}, ascending, ascending.size());
    if (shows_vectors(model)) {
      const auto recalled = model.recall_use().prompt ? std::span(question.recalled) : std::span<RecalledItem>();
      question.input.history = history_of(model, known, 0);
      std::vector<ItemMarks> marks = marks_of(model, items, ascending, recalled, who.left_out);
      for (size_t i = 0; i < items.size(); ++i) {
        question.input.beside.push_back({model.ids().item_output(items[i]), marks[i]});
      }
      if (model.network().config().appraises) {
        question.appraised = items;
        question.input.appraised = std::move(marks);
      }
    } else {
      question.input.text = model.writer().write(Task::topn, options.wording, who.text_user, items);
    }
  }
  question.allowed.only = std::move(ascending);
  return question;
}

Question ask_explanation(const PeapodModel& model, const Known& who, uint32_t item, const AskOptions& options) {
  const std::span about(&item, 1);
  return {.input = {.task = Task::explanation,
                    .text = model.writer().write(Task::explanation, options.wording, who.text_user, about),
                    .user = model.see(who.known_as, without(who.items, about))}};
}

Question ask_generic_explanation(const PeapodModel& model, const AskOptions& options) {
  return {.input = {.task = Task::explanation,
                    .text = model.writer().write(Task::explanation, options.wording, kUnknownUser, {}),
                    .user = model.see(kUnknownUser, {})}};
}

}  // namespace peapod
