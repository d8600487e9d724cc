#include "prefs/user_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/made_histories.h"

namespace peapod {
namespace {

TEST(UserVectors, HaveMeanZeroAndDeviationOneOverTheTrainingUsers) {
  const MadeHistories made;
  const UserVectors vectors = UserVectors::fit(made.histories(), made.num_items(), {.dim = 4});
  const Matrix all = vectors.of_all(made.histories());
  for (size_t d = 0; d < 4; ++d) {
    double sum = 0, squares = 0;
    for (size_t row = 0; row < all.rows; ++row) {
      sum += all.row(row)[d];
      squares += std::pow(all.row(row)[d], 2);
    }
    EXPECT_NEAR(sum / static_cast<double>(all.rows), 0.0, 1e-4);
    EXPECT_NEAR(squares / static_cast<double>(all.rows), 1.0, 1e-3);
  }
}

TEST(UserVectors, AreTheSameOfOneOfManyAndFromStoredParts) {
  const MadeHistories made;
  const PmfOptions options{.dim = 4};
  const UserVectors fitted = UserVectors::fit(made.histories(), made.num_items(), options);
  const UserVectors stored = UserVectors::from_parts(fitted.item_factors(), fitted.standardiser(), options);
  const Matrix all = fitted.of_all(made.histories());
  for (size_t user = 0; user < made.histories().size(); ++user) {
    const auto alone = fitted.of(made.histories()[user]);
    EXPECT_EQ(alone, std::vector<float>(all.row(user).begin(), all.row(user).end()));
    EXPECT_EQ(alone, stored.of(made.histories()[user]));
  }
}

}  // namespace
}  // namespace peapod
