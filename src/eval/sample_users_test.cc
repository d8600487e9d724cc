#include "eval/sample_users.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "decode/answerer.h"
#include "support/small_model.h"

namespace peapod {
namespace {

class SampleUsers : public testing::Test {
 protected:
  static std::vector<SampleUser> sample(const SmallModelOptions& model, const EvaluationOptions& options,
                                        size_t count) {
    SmallModel small(model);
    const Answerer answerer(*small, {.explains = false});
    return sample_users(*small, answers_of(answerer), options, count);
  }
};

TEST_F(SampleUsers, AreAFixedChoiceWithTheirHistoriesAndTargets) {
  const std::vector<SampleUser> users = sample({.recalls = kInSearch}, {}, 6);
  ASSERT_EQ(users.size(), 6u);
  std::set<std::string> names;
  for (const SampleUser& user : users) {
    names.insert(user.name);
    const auto index = static_cast<uint32_t>(std::stoul(user.name) - 1);  // tests/support/small_model.h
    EXPECT_EQ(user.history_length, 6u);
    ASSERT_EQ(user.history.size(), 6u);
    EXPECT_EQ(user.history.front(), "thing " + std::to_string(index * 7 % SmallModel::kItems + 1)) << "oldest first";
    EXPECT_EQ(user.target, "thing " + std::to_string((index * 7 + 6) % SmallModel::kItems + 1));
    EXPECT_GT(user.target_popularity, 0u);
  }
  EXPECT_EQ(names.size(), 6u);
  std::vector<std::string> again;
  for (const SampleUser& user : sample({.recalls = kInSearch}, {}, 6)) again.push_back(user.name);
  EXPECT_EQ(std::set<std::string>(again.begin(), again.end()), names);
  EXPECT_EQ(sample({}, {.max_users = 4}, 6).size(), 4u);
}

TEST_F(SampleUsers, SeeWhatSpokeForEachRecommendation) {
  for (const SampleUser& user : sample({.recalls = kInSearch}, {}, 10)) {
    ASSERT_EQ(user.recommended.size(), 10u);
    EXPECT_EQ(user.target_recalled_at, std::optional<size_t>(0)) << "the ring tells what comes next";
    for (const SampleItem& item : user.recommended) {
      EXPECT_EQ(item.is_target, item.name == user.target);
      EXPECT_EQ(item.recalled_at.has_value(), item.recalled_score > 0);
      EXPECT_EQ(std::ranges::count(user.history, item.name), 0);
    }
    EXPECT_TRUE(std::ranges::is_sorted(user.recommended, std::ranges::greater{}, &SampleItem::score));
    ASSERT_EQ(user.prompts.size(), 3u);
    EXPECT_TRUE(std::ranges::is_sorted(user.prompts, std::ranges::greater{}, &PromptShare::weight));
    for (const PromptShare& share : user.prompts) {
      EXPECT_GT(share.weight, 0);
      EXPECT_GT(share.everybody, 0);
      EXPECT_LE(share.weight, 1);
    }
  }
}

TEST_F(SampleUsers, HaveNoPromptsAndNothingRecalledWhereTheModelHasNone) {
  for (const SampleUser& user : sample({.composer = kTaskOnly}, {}, 2)) {
    EXPECT_TRUE(user.prompts.empty());
    EXPECT_FALSE(user.target_recalled_at.has_value());
    for (const SampleItem& item : user.recommended) EXPECT_FALSE(item.recalled_at.has_value());
  }
}

}  // namespace
}  // namespace peapod
