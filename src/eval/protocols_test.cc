#include "eval/protocols.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "support/small_model.h"

namespace peapod {
namespace {

// Answers every ranking question with these items, if they are allowed, and every explanation with this sentence;
// keeps what was asked.
class FakeAnswerer {
 public:
  explicit FakeAnswerer(std::vector<uint32_t> items = {}, std::string sentence = {})
      : items_(std::move(items)), sentence_(std::move(sentence)) {}

  AnswerFunction function() {
    return [this](std::span<const Question> questions) {
      std::vector<Answer> answers(questions.size());
      for (size_t i = 0; i < questions.size(); ++i) {
        asked.push_back(questions[i]);
        if (questions[i].input.task == Task::explanation) {
          answers[i].sentences = {sentence_, "another one"};
          continue;
        }
        for (const uint32_t item : items_) {
          if (questions[i].allowed.contains(item)) answers[i].items.push_back({item, 0.0f});
        }
      }
      return answers;
    };
  }

  std::vector<Question> asked;

 private:
  std::vector<uint32_t> items_;
  std::string sentence_;
};

std::vector<uint32_t> whole_catalogue() {
  std::vector<uint32_t> items(SmallModel::kItems);
  std::iota(items.begin(), items.end(), 0u);
  return items;
}

TEST(UsersToEvaluate, AreAllOrAFixedChoice) {
  SmallModel small;
  EXPECT_EQ(users_to_evaluate(small.data(), {}), small.data().evaluated_users());
  const auto some = users_to_evaluate(small.data(), {.max_users = 10});
  EXPECT_EQ(some.size(), 10u);
  EXPECT_TRUE(std::ranges::is_sorted(some));
  EXPECT_EQ(some, users_to_evaluate(small.data(), {.max_users = 10}));
  EXPECT_NE(some, users_to_evaluate(small.data(), {.max_users = 10, .seed = 2}));
}

// A user's seven items follow each other on a ring of twenty, user u's from 7 u on (tests/support/small_model.h).
uint32_t ring_item(uint32_t user, uint32_t step) { return (user * 7 + step) % SmallModel::kItems; }

TEST(SequentialRanks, ArePlacesOfTheTargetInTheAnswerWithoutTheHistory) {
  SmallModel small;
  for (const Split split : {Split::valid, Split::test}) {
    const uint32_t before = split == Split::valid ? 5 : 6;
    FakeAnswerer fake(whole_catalogue());
    const auto ranks = sequential_ranks(*small, fake.function(), {.split = split, .num_beams = 33});
    ASSERT_EQ(ranks.size(), SmallModel::kUsers);
    ASSERT_EQ(fake.asked.size(), SmallModel::kUsers);
    for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
      // The answer lists the catalogue without the history: what stands before the target are the smaller numbers.
      uint32_t expected = ring_item(user, before);
      for (uint32_t step = 0; step < before; ++step) {
        expected -= ring_item(user, step) < ring_item(user, before) ? 1 : 0;
      }
      EXPECT_EQ(ranks[user], expected) << "user " << user;
      EXPECT_EQ(fake.asked[user].input.task, Task::sequential);
      EXPECT_EQ(fake.asked[user].beams, 33u);
      EXPECT_FALSE(fake.asked[user].allowed.contains(ring_item(user, 0)));
      EXPECT_TRUE(fake.asked[user].allowed.contains(ring_item(user, before)));
    }
  }
}

TEST(SequentialRanks, TellWhatIsRecommendedToEachUserInTheirOrder) {
  SmallModel small;
  FakeAnswerer fake({3, 8, 15, 2});
  std::vector<std::vector<uint32_t>> recommended;
  const auto ranks = sequential_ranks(*small, fake.function(), {.recommended = [&](std::span<const uint32_t> items) {
    recommended.emplace_back(items.begin(), items.end());
  }});
  ASSERT_EQ(recommended.size(), ranks.size());
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    EXPECT_EQ(rank_in_list(recommended[user], small.data().target(user, Split::test)), ranks[user]);
    for (const uint32_t item : recommended[user]) EXPECT_TRUE(fake.asked[user].allowed.contains(item));
  }
}

TEST(SequentialRanks, AreMissesWhereTheTargetIsNotAnswered) {
  SmallModel small;
  FakeAnswerer silent;
  for (const uint32_t rank : sequential_ranks(*small, silent.function(), {})) EXPECT_EQ(rank, kNotRanked);
}

TEST(SequentialRanks, LetSeenItemsCompeteWhereAsked) {
  SmallModel small;
  FakeAnswerer fake(whole_catalogue());
  const auto ranks = sequential_ranks(*small, fake.function(), {.include_seen = true});
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) EXPECT_EQ(ranks[user], ring_item(user, 6));
}

TEST(Ranks, GiveEveryUserAnotherOnesPromptWhenPromptsAreSwapped) {
  SmallModel small;
  for (const auto protocol : {sequential_ranks, topn_ranks}) {
    FakeAnswerer own, swapped;
    protocol(*small, own.function(), {});
    protocol(*small, swapped.function(), {.swap_prompts = true});
    std::multiset<std::vector<float>> own_vectors, swapped_vectors;
    size_t same = 0;
    for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
      EXPECT_EQ(own.asked[user].input.text.tokens, swapped.asked[user].input.text.tokens);
      own_vectors.insert(own.asked[user].input.user.vector);
      swapped_vectors.insert(swapped.asked[user].input.user.vector);
      same += own.asked[user].input.user.vector == swapped.asked[user].input.user.vector ? 1 : 0;
    }
    EXPECT_EQ(own_vectors, swapped_vectors) << "each prompt is somebody's";
    // Users 0, 20 and so on have the same history, so a few may meet their own vector again; most must not.
    EXPECT_LT(same, SmallModel::kUsers / 4);
  }
}

TEST(SequentialRanks, ChangeWithSwappedPromptsOnlyWherePromptsArePersonal) {
  for (const std::string_view kind : {kSharedPrompts, kTaskOnly}) {
    SmallModel small({.composer = kind});
    const Answerer answerer(*small, {.explains = false});
    const bool same = sequential_ranks(*small, answers_of(answerer), {}) ==
                      sequential_ranks(*small, answers_of(answerer), {.swap_prompts = true});
    EXPECT_EQ(same, kind == kTaskOnly);
  }
}

TEST(TopnRanks, PlaceTheTargetAmongTheStoredNegatives) {
  SmallModel small;
  FakeAnswerer fake(whole_catalogue());
  const auto ranks = topn_ranks(*small, fake.function(), {});
  ASSERT_EQ(ranks.size(), SmallModel::kUsers);
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    // All 13 items that the user never touched are negatives here.
    const uint32_t target = ring_item(user, 6);
    uint32_t expected = target;
    for (uint32_t step = 0; step < 6; ++step) expected -= ring_item(user, step) < target ? 1 : 0;
    EXPECT_EQ(ranks[user], expected) << "user " << user;
    EXPECT_EQ(fake.asked[user].input.task, Task::topn);
    EXPECT_EQ(std::ranges::max(fake.asked[user].input.text.whole_word), 15) << "the user and 14 candidates";
  }
}

TEST(TopnRanks, ShowTheTargetAtAPlaceThatSaysNothingAndStaysTheSame) {
  SmallModel small;
  FakeAnswerer first, second;
  topn_ranks(*small, first.function(), {});
  topn_ranks(*small, second.function(), {});
  std::set<std::ptrdiff_t> places;
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    const auto& tokens = first.asked[user].input.text.tokens;
    EXPECT_EQ(tokens, second.asked[user].input.text.tokens);
    const auto found = std::ranges::search(tokens, small->ids().item_input(ring_item(user, 6)));
    ASSERT_FALSE(found.empty());
    places.insert(found.begin() - tokens.begin());
  }
  EXPECT_GT(places.size(), 8u);
}

TEST(Explanations, PairEachReferenceOfTheSplitWithTheBestSentence) {
  SmallModel small;
  std::vector<std::string> references;
  for (const Explanation& e : small.data().explanations()) {
    if (e.split == Split::test) references.push_back(e.sentence);
  }
  ASSERT_FALSE(references.empty());
  FakeAnswerer fake({}, "the best one");
  std::vector<double> progress;
  const auto answers =
      generate_explanations(*small, fake.function(), {.progress = [&](double share) { progress.push_back(share); }});
  EXPECT_EQ(answers.references, references);
  EXPECT_EQ(answers.sentences, std::vector<std::string>(references.size(), "the best one"));
  ASSERT_FALSE(progress.empty());
  EXPECT_DOUBLE_EQ(progress.back(), 1.0);
}

TEST(Explanations, AskAboutTheItemOfTheReferenceOrWhenSwappedAboutAnother) {
  SmallModel small;
  FakeAnswerer own, swapped;
  generate_explanations(*small, own.function(), {});
  generate_explanations(*small, swapped.function(), {.swap_items = true});
  size_t i = 0;
  for (const Explanation& e : small.data().explanations()) {
    if (e.split != Split::test) continue;
    const auto item = small->ids().item_input(e.item);
    EXPECT_FALSE(std::ranges::search(own.asked[i].input.text.tokens, item).empty());
    EXPECT_TRUE(std::ranges::search(swapped.asked[i].input.text.tokens, item).empty());
    ++i;
  }
  EXPECT_EQ(own.asked.size(), i);
}

TEST(Explanations, NeedBothTrainingAndTestSentences) {
  EXPECT_FALSE(has_explanations(SmallModel({.explanations = false}).data(), Split::test));
  EXPECT_TRUE(has_explanations(SmallModel().data(), Split::test));
  EXPECT_FALSE(has_explanations(SmallModel().data(), Split::valid));
}

}  // namespace
}  // namespace peapod
