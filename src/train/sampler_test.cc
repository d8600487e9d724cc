#include "train/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "support/small_model.h"

namespace peapod {
namespace {

std::vector<int32_t> item_target(const PeapodModel& model, uint32_t item) {
  std::vector<int32_t> tokens(model.ids().item_output(item).begin(), model.ids().item_output(item).end());
  tokens.push_back(kEndId);
  return tokens;
}

bool contains(const std::vector<int32_t>& text, std::span<const int32_t> part) {
  return !std::ranges::search(text, part).empty();
}

TEST(Sampler, MixesTasksByTheirShareOfInputTokens) {
  SmallModel small;
  const SearchSpace space(*small);
  Sampler sampler(space, {.shares = {0.5, 0.3, 0.2}, .tokens_per_step = 3000});
  for (int step = 0; step < 50; ++step) sampler.next_step();
  const auto& tokens = sampler.state().tokens;
  const auto total = static_cast<double>(tokens[0] + tokens[1] + tokens[2]);
  EXPECT_NEAR(total, 50 * 3000, 200);
  EXPECT_NEAR(static_cast<double>(tokens[0]) / total, 0.5, 0.01);
  EXPECT_NEAR(static_cast<double>(tokens[1]) / total, 0.3, 0.01);
  EXPECT_NEAR(static_cast<double>(tokens[2]) / total, 0.2, 0.01);
}

// A row teaches more where histories are read once and nothing stands beside them.
TEST(Sampler, TakesSmallerStepsWhereNothingRecalledStandsInThePrompt) {
  const auto rows_a_step = [](const RecallUse& recalls) {
    SmallModelOptions options = kAsTrained;
    options.recalls = recalls;
    SmallModel small(options);
    const SearchSpace space(*small);
    Sampler sampler(space, {});
    for (int step = 0; step < 40; ++step) sampler.next_step();
    const auto& tokens = sampler.state().tokens;
    return static_cast<double>(tokens[0] + tokens[1] + tokens[2]) / 40;
  };
  EXPECT_NEAR(rows_a_step({.prompt = true, .search = true}), 1024, 50);
  EXPECT_NEAR(rows_a_step({.search = true}), 128, 50);
  EXPECT_NEAR(rows_a_step({}), 128, 50);
}

TEST(Sampler, GivesTheSharesOfTasksWithoutDataToTheOthers) {
  SmallModel small({.explanations = false});
  const SearchSpace space(*small);
  Sampler sampler(space, {.shares = {0.4, 0.4, 0.2}, .tokens_per_step = 3000});
  for (int step = 0; step < 50; ++step) sampler.next_step();
  const auto& tokens = sampler.state().tokens;
  EXPECT_EQ(tokens[2], 0u);
  EXPECT_NEAR(static_cast<double>(tokens[0]) / static_cast<double>(tokens[1]), 1.0, 0.02);
  EXPECT_THROW(Sampler(space, {.shares = {0, 0, 1}}), Error);
}

TEST(Sampler, TeachesLaterItemsWithFallingWeight) {
  SmallModel small;
  const SearchSpace space(*small);
  const auto history = small.data().train_items(3);
  ASSERT_EQ(history.size(), 5u);
  const Sampler sampler(space, {.later_items = 2, .later_decay = 0.5});
  const TrainingExample from_the_first = sampler.build({Task::sequential, 3, 1, 9});
  ASSERT_EQ(from_the_first.targets.size(), 3u);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(from_the_first.targets[k].tokens, item_target(*small, history[1 + k]));
    EXPECT_DOUBLE_EQ(from_the_first.targets[k].weight, std::pow(static_cast<double>(k + 1), -0.5));
  }
  EXPECT_EQ(sampler.build({Task::sequential, 3, 3, 9}).targets.size(), 2u) << "the training history ends";
  EXPECT_EQ(sampler.build({Task::topn, 3, 1, 9}).targets.size(), 1u);
  EXPECT_EQ(Sampler(space, {.later_items = 0}).build({Task::sequential, 3, 1, 9}).targets.size(), 1u);
}

TEST(Sampler, DrawsEveryPrefixOnceAnEpoch) {
  SmallModel small;
  const SearchSpace space(*small);
  // Five training items a user: four have something before them.
  Sampler sampler(space, {.shares = {1, 0, 0}, .tokens_per_step = 500, .unknown_user_share = 0});
  ASSERT_EQ(sampler.epoch_size(Task::sequential), SmallModel::kUsers * 4u);
  std::vector<std::vector<int32_t>> targets;
  while (targets.size() < 2 * sampler.epoch_size(Task::sequential)) {
    for (const auto& example : sampler.next_step()) targets.push_back(example->targets.front().tokens);
  }
  std::map<std::vector<int32_t>, int> expected;
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    for (const uint32_t item : small.data().train_items(user).subspan(1)) ++expected[item_target(*small, item)];
  }
  const size_t epoch = sampler.epoch_size(Task::sequential);
  for (const size_t begin : {size_t{0}, epoch}) {
    std::map<std::vector<int32_t>, int> found;
    for (size_t i = begin; i < begin + epoch; ++i) ++found[targets[i]];
    EXPECT_EQ(found, expected);
  }
  EXPECT_NE(std::vector(targets.begin(), targets.begin() + 20),
            std::vector(targets.begin() + static_cast<ptrdiff_t>(epoch),
                        targets.begin() + static_cast<ptrdiff_t>(epoch) + 20))
      << "each epoch has an order of its own";
}

TEST(Sampler, ShowsASequentialExampleWhatCameBeforeAndNothingElse) {
  SmallModel small({.ids = IdScheme::collaborative});
  const SearchSpace space(*small);
  const Sampler sampler(space, {.unknown_user_share = 0});
  const auto history = small.data().train_items(6);
  for (uint32_t index = 1; index < history.size(); ++index) {
    const TrainingExample example = sampler.build({Task::sequential, 6, index, 99});
    EXPECT_EQ(example.targets.front().tokens, item_target(*small, history[index]));
    for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
      const bool before = std::ranges::find(history.first(index), item) != history.begin() + index;
      EXPECT_EQ(contains(example.inputs.front().text.tokens, small->ids().item_input(item)), before);
    }
    const auto folded = small->see(6, history.first(index));
    EXPECT_EQ(example.inputs.front().user.vector, folded.vector);
  }
}

TEST(Sampler, ShowsATopnExampleTheTargetAmongItemsThatAreNotTrainingItems) {
  SmallModel small;
  const SearchSpace space(*small);
  const Sampler sampler(space, {.unknown_user_share = 0, .least_candidates = 100});
  const auto history = small.data().train_items(6);
  const TrainingExample example = sampler.build({Task::topn, 6, 2, 5});
  EXPECT_EQ(example.targets.front().tokens, item_target(*small, history[2]));
  size_t shown = 0;
  for (uint32_t item = 0; item < SmallModel::kItems; ++item) {
    const bool is_shown = contains(example.inputs.front().text.tokens, small->ids().item_input(item));
    const bool trained = std::ranges::find(history, item) != history.end();
    EXPECT_EQ(is_shown, !trained || item == history[2]) << "a catalogue this small is shown whole";
    shown += is_shown ? 1 : 0;
  }
  EXPECT_EQ(shown, SmallModel::kItems - history.size() + 1);
  std::vector<uint32_t> rest(history.begin(), history.end());
  rest.erase(rest.begin() + 2);
  EXPECT_EQ(example.inputs.front().user.vector, small->see(6, rest).vector);
}

TEST(Sampler, KnowsTheEarlierTimesOfATargetThatMayComeAgain) {
  SmallModelOptions options = kAsTrained;
  options.repeats = Repeats::keep;
  SmallModel small(options);
  const SearchSpace space(*small);
  const Sampler sampler(space, {.unknown_user_share = 0});
  const auto history = small.data().train_items(6);
  ASSERT_EQ(history[2], history[0]);
  const TrainingExample example = sampler.build({Task::topn, 6, 2, 5});
  std::vector<uint32_t> rest(history.begin(), history.end());
  rest.erase(std::remove(rest.begin() + 2, rest.end(), history[2]), rest.end());
  ASSERT_LT(rest.size(), history.size() - 1) << "it comes again later, too";
  EXPECT_EQ(example.inputs.front().history.size(), rest.size());
  EXPECT_EQ(example.inputs.front().user.vector, small->see(6, rest).vector);
}

TEST(Sampler, ShowsFewAndManyCandidates) {
  SmallModel small;
  const SearchSpace space(*small);
  const Sampler sampler(space, {.least_candidates = 3});
  std::set<size_t> counts;
  for (uint64_t draw = 0; draw < 300; ++draw) {
    const auto words = sampler.build({Task::topn, 6, 2, draw}).inputs.front().text.whole_word;
    // The user is a whole word, and so is each candidate.
    counts.insert(static_cast<size_t>(std::ranges::max(words)) - 1);
  }
  EXPECT_EQ(*counts.begin(), 3u);
  EXPECT_EQ(*counts.rbegin(), SmallModel::kItems - 4u) << "all that this catalogue has";
  EXPECT_GT(counts.size(), 10u);
}

TEST(Sampler, TrainsOnExplanationsOfTheTrainingPartAlone) {
  SmallModel small;
  const SearchSpace space(*small);
  std::set<std::string> training;
  size_t count = 0;
  for (const Explanation& e : small.data().explanations()) {
    if (e.split != Split::train) continue;
    training.insert(e.sentence);
    ++count;
  }
  Sampler sampler(space, {.shares = {0, 0, 1}, .tokens_per_step = 1000});
  EXPECT_EQ(sampler.epoch_size(Task::explanation), count);
  for (const auto& example : sampler.next_step()) {
    ASSERT_EQ(example->targets.front().tokens.back(), kEndId);
    const std::vector<int32_t> sentence(example->targets.front().tokens.begin(),
                                        example->targets.front().tokens.end() - 1);
    EXPECT_TRUE(training.contains(small->tokenizer().decode(sentence)));
  }
}

TEST(Sampler, PadsTargetsOfATaskOnlyInLegacyMode) {
  SmallModel small;
  const SearchSpace space(*small);
  for (const bool legacy : {false, true}) {
    Sampler sampler(space, {.shares = {1, 0, 1}, .tokens_per_step = 1000, .legacy_pad_loss = legacy});
    std::set<size_t> lengths_of_sentences;
    size_t padded = 0;
    for (const auto& example : sampler.next_step()) {
      if (example->inputs.front().task == Task::explanation)
        lengths_of_sentences.insert(example->targets.front().tokens.size());
      if (example->targets.front().tokens.back() == kPadId) ++padded;
    }
    EXPECT_EQ(lengths_of_sentences.size() == 1, legacy);
    EXPECT_EQ(padded > 0, legacy);
  }
}

TEST(Sampler, RefusesPaddingInTheLossOfWhatIsChosenInTheTree) {
  SmallModel small(kAsTrained);
  const SearchSpace space(*small);
  EXPECT_THROW(Sampler(space, {.legacy_pad_loss = true}), Error);
}

TEST(Sampler, NamesNeitherUserNorItemInAShareOfExplanations) {
  SmallModel small;
  const SearchSpace space(*small);
  const Sampler sampler(space, {.unknown_user_share = 0, .generic_share = 0.25});
  const Explanation& e = small.data().explanations().front();
  int generic = 0;
  for (uint64_t draw = 0; draw < 1000; ++draw) {
    const auto input = sampler.build({Task::explanation, e.user, 0, draw}).inputs.front();
    const bool user = contains(input.text.tokens, small->ids().user(e.user));
    EXPECT_EQ(contains(input.text.tokens, small->ids().item_input(e.item)), user);
    generic += user ? 0 : 1;
  }
  EXPECT_NEAR(generic / 1000.0, 0.25, 0.05);
}

TEST(Sampler, HidesTheUserInAShareOfExamples) {
  SmallModel small;
  const SearchSpace space(*small);
  for (const double share : {0.0, 0.1, 1.0}) {
    const Sampler sampler(space, {.unknown_user_share = share});
    int hidden = 0;
    for (uint64_t draw = 0; draw < 1000; ++draw) {
      const auto input = sampler.build({Task::sequential, 6, 1, draw}).inputs.front();
      hidden += contains(input.text.tokens, small->ids().user(6)) ? 0 : 1;
    }
    EXPECT_NEAR(hidden / 1000.0, share, 0.03);
  }
}

TEST(Sampler, GoesOnFromItsStateAsIfItHadNotStopped) {
  SmallModel small;
  const SearchSpace space(*small);
  const SamplerOptions options{.tokens_per_step = 1500, .seed = 4};
  Sampler whole(space, options);
  for (int step = 0; step < 7; ++step) whole.next_step();
  Sampler resumed(space, options, whole.state());
  for (int step = 0; step < 5; ++step) {
    const auto expected = whole.next_step();
    const auto found = resumed.next_step();
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i]->targets, expected[i]->targets);
      EXPECT_EQ(found[i]->inputs.front().text.tokens, expected[i]->inputs.front().text.tokens);
    }
  }
}

}  // namespace
}  // namespace peapod
