#include "eval/sample_users.h"

#include <algorithm>
#include <span>

#include "base/random.h"
#include "base/threads.h"
#include "eval/metrics.h"
#include "eval/population.h"
#include "model/prompt_weights.h"

namespace peapod {
namespace {

constexpr uint64_t kSampleStream = 0x5e;  // of random numbers of a seed
constexpr size_t kHistoryShown = 8;
constexpr size_t kPromptsShown = 3;

std::string shown_name(const Dataset& data, uint32_t item) {
  return data.item_title(item).empty() ? data.item_name(item) : data.item_title(item);
}

std::vector<size_t> chosen_places(size_t num_users, uint64_t seed, size_t count) {
  std::vector<size_t> places(num_users);
  for (size_t i = 0; i < num_users; ++i) places[i] = i;
  Random random(seed, kSampleStream);
  random.shuffle(places);
  places.resize(std::min(count, num_users));
  std::ranges::sort(places);
  return places;
}

std::optional<size_t> place_of(const std::vector<RecalledItem>& recalled, uint32_t item) {
  const auto found = std::ranges::find(recalled, item, &RecalledItem::item);
  if (found == recalled.end()) return std::nullopt;
  return static_cast<size_t>(found - recalled.begin());
}

// The weights of all measured users, known by what precedes their target; none without shared prompts.
std::vector<PromptWeights> weights_of(const PeapodModel& model, const std::vector<uint32_t>& users, Split split) {
  if (model.composer().name() != kSharedPrompts) return {};
  std::vector<ComposerUser> seen(users.size());
  parallel_for(users.size(), [&](size_t i) {
    const Known who = known_in_evaluation(model.dataset(), users[i], split);
    seen[i] = model.see(who.known_as, who.items);
  });
  return prompt_weights(model, seen);
}

std::vector<PromptShare> heaviest(const PromptWeights& weights, const PromptUsage& everybody) {
  std::vector<PromptShare> shares;
  for (size_t m = 0; m < weights.mean.size(); ++m) {
    shares.push_back({.prompt = m, .weight = weights.mean[m], .everybody = everybody.mean_weights[m]});
  }
  std::ranges::stable_sort(shares, std::ranges::greater{}, &PromptShare::weight);
  shares.resize(std::min(shares.size(), kPromptsShown));
  return shares;
}

}  // namespace

std::vector<SampleUser> sample_users(const PeapodModel& model, const AnswerFunction& answer,
                                     const EvaluationOptions& options, size_t count) {
  const Dataset& data = model.dataset();
  const Population population = population_of(data, options);
  const std::vector<size_t> places = chosen_places(population.users.size(), options.seed, count);
  if (places.empty()) return {};
  std::vector<Question> questions;
  for (const size_t place : places) {
    questions.push_back(
        ask_next_item(model, known_in_evaluation(data, population.users[place], options.split),
                      {.include_seen = options.include_seen, .n = kGreatestDepth, .beams = options.num_beams}));
  }
  const std::vector<Answer> answers = answer(questions);
  const std::vector<PromptWeights> weights = weights_of(model, population.users, options.split);
  const PromptUsage usage = weights.empty() ? PromptUsage{} : prompt_usage(weights);

  std::vector<SampleUser> sample;
  for (size_t i = 0; i < places.size(); ++i) {
    const size_t place = places[i];
    const uint32_t user = population.users[place];
    const uint32_t target = population.targets[place];
    const std::span<const uint32_t> history = known_in_evaluation(data, user, options.split).items;
    const std::vector<RecalledItem>& recalled = questions[i].recalled;
    SampleUser& one = sample.emplace_back();
    one.name = data.user_name(user);
    one.history_length = history.size();
    for (const uint32_t item : history.last(std::min(history.size(), kHistoryShown))) {
      one.history.push_back(shown_name(data, item));
    }
    one.target = shown_name(data, target);
    one.target_popularity = population.target_popularities[place];
    one.target_recalled_at = place_of(recalled, target);
    for (const ScoredItem& scored : answers[i].items) {
      SampleItem& item = one.recommended.emplace_back();
      item.name = shown_name(data, scored.item);
      item.score = scored.score;
      item.popularity = population.popularity[scored.item];
      item.is_target = scored.item == target;
      item.recalled_at = place_of(recalled, scored.item);
      if (item.recalled_at) item.recalled_score = recalled[*item.recalled_at].score;
    }
    if (!weights.empty()) one.prompts = heaviest(weights[place], usage);
  }
  return sample;
}

}  // namespace peapod
