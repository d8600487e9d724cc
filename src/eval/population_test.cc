#include "eval/population.h"

#include <gtest/gtest.h>

#include "support/small_model.h"

namespace peapod {
namespace {

TEST(Population, KnowsWhatPrecedesEachTargetAndHowOftenItOccursInTraining) {
  SmallModel small;
  for (const Split split : {Split::valid, Split::test}) {
    const Population population = population_of(small.data(), {.split = split});
    EXPECT_EQ(population.users, small.data().evaluated_users());
    ASSERT_EQ(population.popularity.size(), SmallModel::kItems);
    for (size_t i = 0; i < population.users.size(); ++i) {
      const uint32_t user = population.users[i];
      EXPECT_EQ(population.history_lengths[i], split == Split::valid ? 5u : 6u);
      EXPECT_EQ(population.targets[i], small.data().target(user, split));
      uint32_t occurrences = 0;
      for (const auto history : small.data().train_histories()) {
        for (const uint32_t item : history) occurrences += item == population.targets[i] ? 1 : 0;
      }
      EXPECT_EQ(population.target_popularities[i], occurrences);
      EXPECT_EQ(population.popularity[population.targets[i]], occurrences);
    }
  }
}

TEST(Population, IsOfTheUsersThatAreEvaluated) {
  SmallModel small;
  const EvaluationOptions some{.max_users = 10};
  EXPECT_EQ(population_of(small.data(), some).users, users_to_evaluate(small.data(), some));
  EXPECT_EQ(population_of(small.data(), some).targets.size(), 10u);
}

}  // namespace
}  // namespace peapod
