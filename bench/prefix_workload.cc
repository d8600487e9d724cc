#include "bench/prefix_workload.h"

#include <algorithm>
#include <set>

#include "bench/made_workload.h"
#include "model/question.h"

namespace peapod {
namespace {

constexpr uint64_t kWeightsSeed = 1;
constexpr uint64_t kHistoriesSeed = 2;

std::vector<uint32_t> made_history(Random& random) {
  std::vector<uint32_t> history;
  for (size_t i = 0; i <= PrefixWorkload::kPrefixes; ++i) {
    history.push_back(static_cast<uint32_t>(random.below(kMadeItems)));
  }
  return history;
}

// What is recalled of a history and appraised.
std::vector<uint32_t> made_recalled(Random& random) {
  std::set<uint32_t> items;
  while (items.size() < kMostAppraised) items.insert(static_cast<uint32_t>(random.below(kMadeItems)));
  return {items.begin(), items.end()};
}

}  // namespace

PrefixWorkload::PrefixWorkload(std::string_view preset)
    : preset_(preset),
      names_(made_codes(preset)),
      network_(
          [&] {
            ModelConfig config = made_config(preset);
            config.items = ItemForm::vectors;
            config.encoder = EncoderKind::causal;
            config.appraises = true;
            return config;
          }(),
          made_composer()),
      catalogue_(CatalogueTree::build(std::vector<std::span<const int32_t>>(names_.begin(), names_.end()))),
      spread_(catalogue_, [](uint32_t item) { return 1.0 / (1.0 + item); }) {
  network_.parameters().initialise(kWeightsSeed);
}

ModelInput PrefixWorkload::input(Random& random, std::span<const uint32_t> history,
                                 std::span<const uint32_t> recalled_items) const {
  ModelInput made;
  for (const uint32_t item : history) made.history.push_back({names_[item], plain_history_marks()});
  for (size_t rank = 0; rank < recalled_items.size(); ++rank) {
    const RecalledItem recalled{
        .score = 1.0f / static_cast<float>(rank + 1), .evidence = 0.5f, .titles = 0.5f, .popularity = 9};
    const ItemMarks marks = recalled_marks(rank, recalled, 1.0f);
    if (rank < kShownRecalled) made.beside.push_back({names_[recalled_items[rank]], marks});
    made.appraised.push_back(marks);
  }
  for (size_t i = 0; i < network_.composer().options().user_vectors.dim; ++i) {
    made.user.vector.push_back(static_cast<float>(random.normal()));
  }
  return made;
}

TrainingExamples PrefixWorkload::examples(size_t histories) const {
  Random random(kHistoriesSeed);
  TrainingExamples made;
  for (size_t h = 0; h < histories; ++h) {
    const std::vector<uint32_t> history = made_history(random);
    TrainingExample example;
    for (size_t known = 1; known < history.size(); ++known) {
      const std::vector<uint32_t> recalled = made_recalled(random);
      const std::vector<int32_t>& name = names_[history[known]];
      TrainingTarget target{.tokens = name, .input = static_cast<uint32_t>(known - 1)};
      PathChoices& path = target.path.emplace();
      for (uint32_t step = 0; step < name.size(); ++step) {
        const int32_t first = first_code(preset_, step);
        path.steps.push_back(step);
        for (int32_t code = 0; code < kMadeCodeBook; ++code) {
          for (uint32_t index = 0; index < recalled.size(); ++index) {
            const std::vector<int32_t>& other = names_[recalled[index]];
            if (other[step] != first + code || !std::equal(name.begin(), name.begin() + step, other.begin())) continue;
            path.appraised.push_back({static_cast<uint32_t>(path.tokens.size()), index, 1e-3f});
          }
          path.tokens.push_back(first + code);
        }
        path.chosen.push_back(static_cast<uint32_t>(name[step] - first));
        path.starts.push_back(static_cast<uint32_t>(path.tokens.size()));
      }
      path.biases.assign(path.tokens.size(), -1.0f);
      example.inputs.push_back(input(random, std::span(history).first(known), recalled));
      example.targets.push_back(std::move(target));
    }
    made.push_back(std::make_shared<const TrainingExample>(std::move(example)));
  }
  return made;
}

PrefixRequests PrefixWorkload::requests(size_t count) const {
  Random random(kHistoriesSeed);
  PrefixRequests made;
  for (size_t i = 0; i < count; ++i) {
    const std::vector<uint32_t> recalled = made_recalled(random);
    made.inputs.push_back(input(random, made_history(random), recalled));
    made.priors.push_back(std::make_unique<const SearchPrior>(
        catalogue_, Belief{.spread = &spread_, .appraised = recalled}, std::span<const uint32_t>(), SearchTrust()));
    made.queries.push_back({.tree = &catalogue_, .excluded = {}, .prior = made.priors.back().get()});
  }
  return made;
}

}  // namespace peapod
