#include "decode/answerer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "support/small_model.h"

namespace peapod {
namespace {

constexpr uint32_t kSome[] = {2, 3, 5, 7, 11};

// Questions of every task and of different sizes, one a user.
std::vector<Question> unlike_questions(SmallModel& small) {
  std::vector<Question> questions;
  for (uint32_t user = 0; user < SmallModel::kUsers; ++user) {
    const Known who = known_in_use(small.data(), user);
    switch (user % 5) {
      case 0:
        questions.push_back(ask_next_item(*small, who));
        break;
      case 1:
        questions.push_back(ask_next_item(
            *small, who, {.allowed = {.only = std::vector(std::begin(kSome), std::end(kSome))}, .n = 3, .beams = 5}));
        break;
      case 2:
        questions.push_back(ask_ranking(*small, who, kSome, {.n = 4, .beams = 1}));
        break;
      case 3:
        questions.push_back(ask_next_item(*small, who, {.include_seen = true, .n = 30, .beams = 2}));
        break;
      default:
        questions.push_back(ask_explanation(*small, who, user % SmallModel::kItems));
    }
  }
  return questions;
}

TEST(Answerer, AnswersAQuestionTheSameInAnyCompany) {
  SmallModel small;
  const Answerer answerer(*small, {});
  const std::vector<Question> questions = unlike_questions(small);
  const std::vector<Answer> together = answerer.answer(questions);
  ASSERT_EQ(together.size(), questions.size());
  for (size_t q = 0; q < questions.size(); q += 3) {
    const Answer alone = answerer.answer(std::span(&questions[q], 1)).front();
    ASSERT_EQ(alone.items.size(), together[q].items.size()) << "question " << q;
    for (size_t i = 0; i < alone.items.size(); ++i) {
      EXPECT_EQ(alone.items[i].item, together[q].items[i].item) << "question " << q << ", place " << i;
      EXPECT_NEAR(alone.items[i].score, together[q].items[i].score, 1e-4);
    }
    ASSERT_EQ(alone.sentences.empty(), together[q].sentences.empty());
    if (!alone.sentences.empty()) {
      EXPECT_EQ(alone.sentences.front(), together[q].sentences.front());
    }
  }
}

TEST(Answerer, GivesAsManyAllowedItemsAsAreWantedAndThere) {
  SmallModel small;
  const Answerer answerer(*small, {});
  const std::vector<Question> questions = unlike_questions(small);
  const std::vector<Answer> answers = answerer.answer(questions);
  for (size_t q = 0; q < questions.size(); ++q) {
    const Question& question = questions[q];
    if (question.input.task == Task::explanation) {
      EXPECT_FALSE(answers[q].sentences.empty());
      EXPECT_TRUE(answers[q].items.empty());
      continue;
    }
    EXPECT_TRUE(answers[q].sentences.empty());
    size_t allowed = 0;
    for (uint32_t item = 0; item < SmallModel::kItems; ++item) allowed += question.allowed.contains(item) ? 1 : 0;
    EXPECT_EQ(answers[q].items.size(), std::min<size_t>(question.n, allowed));
    std::set<uint32_t> distinct;
    for (const ScoredItem& scored : answers[q].items) {
      EXPECT_TRUE(question.allowed.contains(scored.item));
      EXPECT_TRUE(distinct.insert(scored.item).second);
    }
    EXPECT_TRUE(std::ranges::is_sorted(answers[q].items, std::ranges::greater{}, &ScoredItem::score));
  }
}

TEST(Answerer, AnswersNothingWhereNothingIsAllowed) {
  SmallModel small;
  const Answerer answerer(*small, {.explains = false});
  const Known who = known_in_use(small.data(), 0);
  std::vector<uint32_t> all(SmallModel::kItems);
  for (uint32_t item = 0; item < SmallModel::kItems; ++item) all[item] = item;
  const Question questions[] = {
      ask_next_item(*small, who, {.allowed = {.only = std::vector<uint32_t>{}}}),
      ask_next_item(*small, who, {.allowed = {.except = all}}),
      ask_ranking(*small, who, kSome, {.allowed = {.only = std::vector<uint32_t>{1}}}),
  };
  for (const Answer& answer : answerer.answer(questions)) EXPECT_TRUE(answer.items.empty());
  EXPECT_TRUE(answerer.answer({}).empty());
}

}  // namespace
}  // namespace peapod
