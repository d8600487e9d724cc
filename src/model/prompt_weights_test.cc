#include "model/prompt_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "support/small_model.h"

namespace peapod {
namespace {

TEST(PromptWeights, AreTheSameOfAUserAloneAndAmongAll) {
  SmallModel small;
  std::vector<uint32_t> users(SmallModel::kUsers);
  std::iota(users.begin(), users.end(), 0u);
  const auto all = prompt_weights(*small, users);
  ASSERT_EQ(all.size(), SmallModel::kUsers);
  const uint32_t one[] = {5};
  const PromptWeights alone = prompt_weights(*small, one).front();
  for (size_t m = 0; m < alone.mean.size(); ++m) EXPECT_NEAR(alone.mean[m], all[5].mean[m], 1e-6);
  EXPECT_NE(all[5].mean, all[6].mean);
  const ComposerUser seen[] = {small->see(5, small.data().history(5))};
  EXPECT_EQ(prompt_weights(*small, seen).front().mean, alone.mean) << "known by what the composer sees";
  EXPECT_GT(prompt_usage(all).mean_information, 0.0);
}

TEST(PromptWeights, AreNotToBeHadOfOtherComposers) {
  const uint32_t users[] = {0};
  for (const std::string_view kind : {kSimilarUsers, kTaskOnly, kNoPrompts}) {
    SmallModel small({.composer = kind});
    EXPECT_THROW(prompt_weights(*small, users), Error) << kind;
  }
}

PromptWeights weights(std::vector<float> row) {
  PromptWeights result{Matrix(1, row.size()), row};
  std::ranges::copy(row, result.by_head.values.begin());
  return result;
}

TEST(PromptUsage, IsOneBitForTwoUsersWithAPromptEachAndNoneForUsersAlike) {
  const PromptWeights apart[] = {weights({1, 0}), weights({0, 1})};
  EXPECT_NEAR(prompt_usage(apart).mean_information, 1.0, 1e-6);
  EXPECT_NEAR(prompt_usage(apart).information_of_mean, 1.0, 1e-6);
  EXPECT_NEAR(prompt_usage(apart).mean_weights[0], 0.5, 1e-6);
  const PromptWeights alike[] = {weights({0.3f, 0.7f}), weights({0.3f, 0.7f})};
  EXPECT_NEAR(prompt_usage(alike).mean_information, 0.0, 1e-6);
  EXPECT_NEAR(prompt_usage(alike).mean_weights[1], 0.7, 1e-6);
  EXPECT_THROW(prompt_usage({}), Error);
}

}  // namespace
}  // namespace peapod
