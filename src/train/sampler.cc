#include "train/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "base/threads.h"
#include "model/question.h"

namespace peapod {
namespace {

constexpr uint32_t kMostCandidates = 100;  // of a top-n example, the target among them
constexpr size_t kBuiltAtOnce = 64;        // examples drawn ahead of the token count

// Streams of random numbers, one for each task from these numbers on: of the order of its examples in an epoch, and of
// what is random about each example.
constexpr uint64_t kOrderStreams = 1;
constexpr uint64_t kExampleStreams = 101;

// A small log gets small steps: it needs many of them before it has been read too often.
constexpr size_t kLeastTokens = 1024;
constexpr size_t kMostTokens = 8192;

uint32_t number_of_candidates(Random& random, uint32_t least) {
  if (least >= kMostCandidates) return kMostCandidates;
  const double low = std::log(least);
  const double high = std::log(kMostCandidates + 1.0);
  const auto count = static_cast<uint32_t>(std::exp(low + random.uniform() * (high - low)));
  return std::clamp(count, least, kMostCandidates);
}

void pad_targets(std::span<TrainingExample> examples) {
  size_t longest = 0;
  const auto for_each_target = [&](const auto& apply) {
    for (TrainingExample& example : examples) {
      for (TrainingTarget& target : example.targets) apply(target.tokens);
    }
  };
  for_each_target([&](const std::vector<int32_t>& tokens) { longest = std::max(longest, tokens.size()); });
  for_each_target([&](std::vector<int32_t>& tokens) { tokens.resize(longest, kPadId); });
}

}  // namespace

Sampler::Sampler(const PeapodModel& model, const SamplerOptions& options, SamplerState state)
    : model_(model), options_(options), state_(state) {
  const Dataset& data = model.dataset();
  if (options_.tokens_per_step == 0) {
    options_.tokens_per_step = std::clamp<size_t>(data.num_interactions() / 4, kLeastTokens, kMostTokens);
  }
  for (uint32_t user = 0; user < data.num_users(); ++user) {
    const auto length = static_cast<uint32_t>(data.train_items(user).size());
    for (uint32_t i = 0; i < length; ++i) {
      if (i > 0) specs_[static_cast<size_t>(Task::sequential)].push_back({user, i});
      // A catalogue that leaves no negatives makes no ranking example.
      if (length > 1 && data.num_items() > length) specs_[static_cast<size_t>(Task::topn)].push_back({user, i});
    }
  }
  for (uint32_t i = 0; i < data.explanations().size(); ++i) {
    const Explanation& e = data.explanations()[i];
    if (e.split == Split::train) specs_[static_cast<size_t>(Task::explanation)].push_back({e.user, i});
  }
  double total = 0.0;
  for (size_t t = 0; t < kNumTasks; ++t) total += specs_[t].empty() ? 0.0 : options.shares[t];
  if (total <= 0.0) {
    throw Error("task_share", "leaves no task that this data set has examples of",
                "give a share to another task, or prepare more data");
  }
  for (size_t t = 0; t < kNumTasks; ++t) shares_[t] = specs_[t].empty() ? 0.0 : options.shares[t] / total;
}

double Sampler::epochs() const {
  for (size_t t = 0; t < kNumTasks; ++t) {
    if (shares_[t] > 0.0) return static_cast<double>(state_.drawn[t]) / static_cast<double>(specs_[t].size());
  }
  return 0.0;
}

ExampleSpec Sampler::draw(Task task) {
  const auto t = static_cast<size_t>(task);
  const uint64_t n = specs_[t].size();
  const uint64_t epoch = state_.drawn[t] / n;
  if (order_epoch_[t] != epoch + 1) {
    order_[t].resize(n);
    std::iota(order_[t].begin(), order_[t].end(), 0u);
    Random random(options_.seed, mix64(kOrderStreams + t, epoch));
    random.shuffle(order_[t]);
    order_epoch_[t] = epoch + 1;
  }
  const Spec& spec = specs_[t][order_[t][state_.drawn[t] % n]];
  const uint64_t seed = mix64(options_.seed, kExampleStreams + t, state_.drawn[t]);
  ++state_.drawn[t];
  return {task, spec.user, spec.index, seed};
}

std::vector<TrainingExample> Sampler::next_step() {
  ++state_.steps;
  std::vector<TrainingExample> examples;
  for (const Task task : kTasks) {
    const auto t = static_cast<size_t>(task);
    const size_t first_of_task = examples.size();
    const double due = shares_[t] * static_cast<double>(options_.tokens_per_step) * static_cast<double>(state_.steps);
    while (static_cast<double>(state_.tokens[t]) < due) {
      // Built in parallel, a block at a time; what goes beyond the budget is given back.
      const SamplerState before = state_;
      std::vector<ExampleSpec> specs;
      for (size_t i = 0; i < kBuiltAtOnce; ++i) specs.push_back(draw(task));
      std::vector<TrainingExample> built(specs.size());
      parallel_for(specs.size(), [&](size_t i) { built[i] = build(specs[i]); });
      size_t taken = 0;
      while (taken < built.size() && static_cast<double>(state_.tokens[t]) < due) {
        state_.tokens[t] += built[taken].input.text.tokens.size();
        examples.push_back(std::move(built[taken++]));
      }
      state_.drawn[t] = before.drawn[t] + taken;
    }
    if (options_.legacy_pad_loss) pad_targets(std::span(examples).subspan(first_of_task));
  }
  return examples;
}

TrainingExample Sampler::build(const ExampleSpec& spec) const {
  const Dataset& data = model_.dataset();
  Random random(spec.draw);
  const AskOptions asking{.wording = static_cast<size_t>(random.below(templates_of(spec.task).size())),
                          .recalls = false};
  const bool is_unknown = random.uniform() < options_.unknown_user_share;
  const auto asked_by = [&](Known who) {
    if (is_unknown) who.text_user = kUnknownUser;
    return who;
  };
  const auto history = data.train_items(spec.user);
  TrainingExample example;
  const auto add_target = [&](std::span<const int32_t> tokens, double weight = 1.0) {
    example.targets.push_back({{tokens.begin(), tokens.end()}, weight});
    example.targets.back().tokens.push_back(kEndId);
  };
  if (spec.task == Task::sequential) {
    add_target(model_.ids().item_output(history[spec.index]));
    for (size_t k = 1; k <= options_.later_items && spec.index + k < history.size(); ++k) {
      const double weight = std::pow(static_cast<double>(k + 1), -options_.later_decay);
      add_target(model_.ids().item_output(history[spec.index + k]), weight);
    }
    example.input = ask_next_item(model_, asked_by(known_before(data, spec.user, spec.index)), asking).input;
  } else if (spec.task == Task::topn) {
    const uint32_t target = history[spec.index];
    const std::vector<uint32_t> candidates = draw_candidates(random, target, history);
    add_target(model_.ids().item_output(target));
    example.input = ask_ranking(model_, asked_by(known_in_training(data, spec.user)), candidates, asking).input;
  } else {
    const Explanation& e = data.explanations()[spec.index];
    add_target(model_.tokenizer().encode(e.sentence));
    const bool is_generic = random.uniform() < options_.generic_share;
    const Known who = asked_by(known_in_training(data, spec.user));
    example.input =
        (is_generic ? ask_generic_explanation(model_, asking) : ask_explanation(model_, who, e.item, asking)).input;
  }
  return example;
}

std::vector<uint32_t> Sampler::draw_candidates(Random& random, uint32_t target,
                                               std::span<const uint32_t> history) const {
  const uint32_t num_items = model_.dataset().num_items();
  std::vector<uint32_t> candidates = {target};
  // Negatives exclude the training items only: avoiding the user's later items would tell what they are not.
  std::vector<uint32_t> taken(history.begin(), history.end());
  std::ranges::sort(taken);
  const size_t available = num_items - static_cast<size_t>(std::unique(taken.begin(), taken.end()) - taken.begin());
  const size_t wanted = std::min<size_t>(number_of_candidates(random, options_.least_candidates), available + 1);
  while (candidates.size() < wanted) {
    const auto item = static_cast<uint32_t>(random.below(num_items));
    if (std::ranges::find(history, item) == history.end() && std::ranges::find(candidates, item) == candidates.end()) {
      candidates.push_back(item);
    }
  }
  random.shuffle(candidates);
  return candidates;
}

}  // namespace peapod
