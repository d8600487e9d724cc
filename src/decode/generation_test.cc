#include "decode/generation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "model/small_model.h"

namespace peapod {
namespace {

ItemRequest request_of(const PeapodModel& model, uint32_t user, const CatalogueTree& tree) {
  const auto history = model.dataset().train_items(user);
  return {model.input(Task::sequential, 0, {.text_user = user, .known_as = user, .profile = history}, history),
          &tree,
          {history.begin(), history.end()}};
}

// Summed log-probability of an item's tokens and the end id, by the pass that training takes.
float score_of(const PeapodModel& model, const ModelInput& input, uint32_t item) {
  std::vector<int32_t> target(model.ids().item_output(item).begin(), model.ids().item_output(item).end());
  target.push_back(kEndId);
  std::vector<float> log_probs(target.size());
  Tape<float> tape({.record = false});
  Pass<float> pass{tape};
  const ModelInput* inputs[] = {&input};
  const std::span<const int32_t> targets[] = {target};
  model.network().loss(pass, inputs, targets, 1.0, log_probs.data());
  return std::accumulate(log_probs.begin(), log_probs.end(), 0.0f);
}

TEST(GenerateItems, FindsWhatScoringEveryItemFinds) {
  for (const IdScheme ids : {IdScheme::collaborative, IdScheme::random}) {
    SmallModel small({.ids = ids});
    const CatalogueTree tree = catalogue_of(*small);
    const ItemRequest request = request_of(*small, 4, tree);
    std::vector<std::pair<float, uint32_t>> all;
    for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
      if (std::ranges::find(request.excluded, item) != request.excluded.end()) continue;
      all.emplace_back(score_of(*small, request.input, item), item);
    }
    std::ranges::sort(all, std::greater<>());
    const auto found =
        generate_items(small->network(), std::span(&request, 1), {.num_items = 20, .num_beams = 20}).front();
    ASSERT_EQ(found.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(found[i].item, all[i].second);
      EXPECT_NEAR(found[i].score, all[i].first, 1e-4);
    }
  }
}

TEST(GenerateItems, AnswersARequestTheSameInAnyCompany) {
  SmallModel small;
  const CatalogueTree tree = catalogue_of(*small);
  const uint32_t some[] = {2, 3, 5, 7, 11};
  const CatalogueTree few = tree.restricted_to(some);
  std::vector<ItemRequest> requests;
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    requests.push_back(request_of(*small, user, user % 3 == 0 ? few : tree));
  }
  const auto together = generate_items(small->network(), requests, {});
  for (uint32_t user = 0; user < SmallModel::kUsers; user += 7) {
    const auto alone = generate_items(small->network(), std::span(&requests[user], 1), {}).front();
    ASSERT_EQ(alone.size(), together[user].size());
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(alone[i].item, together[user][i].item) << "user " << user << ", place " << i;
      EXPECT_NEAR(alone[i].score, together[user][i].score, 1e-4);
    }
    for (const ScoredItem& scored : together[user]) {
      const auto& excluded = requests[user].excluded;
      EXPECT_EQ(std::ranges::find(excluded, scored.item), excluded.end());
      const bool allowed = user % 3 != 0 || std::ranges::find(some, scored.item) != std::end(some);
      EXPECT_TRUE(allowed);
    }
  }
}

TEST(GenerateTexts, KeepsToTheLengthsAndAnswersTheSameInAnyCompany) {
  SmallModel small;
  std::vector<ModelInput> inputs;
  for (uint32_t user = 0; user < 20; ++user) {
    const auto history = small.data().train_items(user);
    inputs.push_back(small->input(Task::explanation, 0, {.text_user = user, .known_as = user, .profile = history},
                                  history.first(1)));
  }
  const TextSearchOptions options = explanation_search();
  const auto together = generate_texts(small->network(), inputs, options, Precision::f32);
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_FALSE(together[i].empty());
    for (const Text& text : together[i]) {
      EXPECT_GE(text.tokens.size() + (text.ended ? 1 : 0), options.min_new_tokens);
      EXPECT_LE(text.tokens.size() + (text.ended ? 1 : 0), options.max_new_tokens);
    }
  }
  for (const size_t i : {0, 17}) {
    const auto alone = generate_texts(small->network(), std::span(&inputs[i], 1), options, Precision::f32).front();
    EXPECT_EQ(alone.front().tokens, together[i].front().tokens);
  }
}

}  // namespace
}  // namespace peapod
