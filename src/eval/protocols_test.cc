#include "eval/protocols.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "support/small_model.h"

namespace peapod {
namespace {

TEST(UsersToEvaluate, AreAllOrAFixedChoice) {
  SmallModel small;
  EXPECT_EQ(users_to_evaluate(small.data(), {}), small.data().evaluated_users());
  const auto some = users_to_evaluate(small.data(), {.max_users = 10});
  EXPECT_EQ(some.size(), 10u);
  EXPECT_TRUE(std::ranges::is_sorted(some));
  EXPECT_EQ(some, users_to_evaluate(small.data(), {.max_users = 10}));
  EXPECT_NE(some, users_to_evaluate(small.data(), {.max_users = 10, .seed = 2}));
}

TEST(SequentialRanks, AreThePlacesInWhatTheModelAnswersWithoutTheHistory) {
  SmallModel small;
  const CatalogueTree tree = catalogue_of(*small);
  const PackedNetwork network(small->network(), {.item_tokens = tree.alphabet()});
  for (const Split split : {Split::valid, Split::test}) {
    const auto ranks = sequential_ranks(*small, {.split = split});
    ASSERT_EQ(ranks.size(), SmallModel::kUsers);
    for (const uint32_t user : {0u, 21u, 39u}) {
      const auto history = small.data().items_before(user, split);
      const ItemRequest request{
          small->input(Task::sequential, 0, {.text_user = user, .known_as = user, .profile = history}, history),
          &tree,
          {history.begin(), history.end()}};
      const auto found = generate_items(network, std::span(&request, 1), {}).front();
      const auto place = std::ranges::find(found, small.data().target(user, split), &ScoredItem::item);
      const uint32_t expected = place == found.end() ? kNotRanked : static_cast<uint32_t>(place - found.begin());
      EXPECT_EQ(ranks[user], expected);
    }
  }
}

TEST(SequentialRanks, ChangeWithSwappedPromptsOnlyWherePromptsArePersonal) {
  for (const ComposerKind kind : {ComposerKind::shared_prompts, ComposerKind::task_only}) {
    SmallModel small({.composer = kind});
    const bool same = sequential_ranks(*small, {}) == sequential_ranks(*small, {.swap_prompts = true});
    EXPECT_EQ(same, kind == ComposerKind::task_only);
  }
}

TEST(TopnRanks, PlaceTheTargetAmongTheStoredNegatives) {
  SmallModel small;
  const CatalogueTree catalogue = catalogue_of(*small);
  const PackedNetwork network(small->network(), {.item_tokens = catalogue.alphabet()});
  const auto ranks = topn_ranks(*small, {});
  ASSERT_EQ(ranks.size(), SmallModel::kUsers);
  for (const uint32_t user : {0u, 21u, 39u}) {
    const auto history = small.data().items_before(user, Split::test);
    const uint32_t target = small.data().target(user, Split::test);
    std::vector<uint32_t> candidates(small.data().negatives(user).begin(), small.data().negatives(user).end());
    ASSERT_EQ(candidates.size(), SmallModel::kItems - small.data().history(user).size());
    candidates.push_back(target);
    Random(mix64(0xca4d, user)).shuffle(candidates);  // the order in which the protocol shows them
    const CatalogueTree tree = catalogue.restricted_to(candidates);
    const ItemRequest request{
        small->input(Task::topn, 0, {.text_user = user, .known_as = user, .profile = history}, candidates), &tree, {}};
    const auto found = generate_items(network, std::span(&request, 1), {}).front();
    const auto place = std::ranges::find(found, target, &ScoredItem::item);
    EXPECT_EQ(ranks[user], place == found.end() ? kNotRanked : static_cast<uint32_t>(place - found.begin()));
  }
  EXPECT_EQ(ranks, topn_ranks(*small, {}));
}

TEST(Explanations, PairEachReferenceOfTheSplitWithASentence) {
  SmallModel small;
  std::vector<std::string> references;
  for (const Explanation& e : small.data().explanations()) {
    if (e.split == Split::test) references.push_back(e.sentence);
  }
  std::vector<double> progress;
  const auto answers = generate_explanations(*small, {.progress = [&](double share) { progress.push_back(share); }});
  ASSERT_FALSE(references.empty());
  EXPECT_EQ(answers.references, references);
  EXPECT_EQ(answers.sentences.size(), references.size());
  EXPECT_NE(answers.sentences, generate_explanations(*small, {}, true).sentences);
  ASSERT_FALSE(progress.empty());
  EXPECT_DOUBLE_EQ(progress.back(), 1.0);
}

TEST(Explanations, NeedBothTrainingAndTestSentences) {
  EXPECT_FALSE(has_explanations(SmallModel({.explanations = false}).data(), Split::test));
  EXPECT_TRUE(has_explanations(SmallModel().data(), Split::test));
  EXPECT_FALSE(has_explanations(SmallModel().data(), Split::valid));
}

}  // namespace
}  // namespace peapod
