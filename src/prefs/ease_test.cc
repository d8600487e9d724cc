#include "prefs/ease.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/error.h"
#include "prefs/eigen.h"
#include "support/made_histories.h"

namespace peapod {
namespace {

// The formula of the header, with a general inverse in double precision.
RowMajorD slow_weights(const Histories& train, uint32_t num_items, double regularisation) {
  RowMajorD x = RowMajorD::Zero(static_cast<Eigen::Index>(train.size()), num_items);
  for (size_t user = 0; user < train.size(); ++user) {
    for (const uint32_t item : train[user]) x(static_cast<Eigen::Index>(user), item) = 1.0;
  }
  const RowMajorD p = (x.transpose() * x + regularisation * RowMajorD::Identity(num_items, num_items)).inverse();
  RowMajorD b = RowMajorD::Identity(num_items, num_items) - p * p.diagonal().cwiseInverse().asDiagonal();
  b.diagonal().setZero();  // to rounding they are
  return b;
}

TEST(Ease, AgreesWithItsFormulaOnRandomHistories) {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    for (const double regularisation : {0.5, 20.0, 1000.0}) {
      SCOPED_TRACE(seed);
      SCOPED_TRACE(regularisation);
      const MadeHistories made({.users = 300, .items = 230, .longest = 12, .seed = seed});
      const Ease ease(made.histories(), made.num_items(), {.regularisation = regularisation});
      const RowMajorD expected = slow_weights(made.histories(), made.num_items(), regularisation);
      // Eigenvalues span up to a factor of a thousand with the least regularisation, times the rounding of f32.
      const double error = (as_eigen(ease.weights()).cast<double>() - expected).cwiseAbs().maxCoeff();
      EXPECT_LT(error, 2e-5 * expected.cwiseAbs().maxCoeff());
      std::vector<float> scores(made.num_items(), -7.0f);  // must be overwritten
      ease.score(made.histories()[5], scores);
      Eigen::RowVectorXd sums = Eigen::RowVectorXd::Zero(made.num_items());
      for (uint32_t item = 0; item < made.num_items(); ++item) {
        if (std::ranges::count(made.histories()[5], item) > 0) sums += expected.row(item);
      }
      for (uint32_t item = 0; item < made.num_items(); ++item) EXPECT_NEAR(scores[item], sums(item), 1e-4);
    }
  }
}

TEST(Ease, ItemsThatNobodyHasScoreNothing) {
  const std::vector<uint32_t> together = {0, 1};
  const Ease ease({together, together}, 3, {.regularisation = 1.0});
  std::vector<float> scores(3);
  ease.score(std::vector<uint32_t>{0}, scores);
  EXPECT_EQ(scores[0], 0.0f);
  // X^T X + I is {{3, 2}, {2, 3}} for the first two: P is {{3, -2}, {-2, 3}} / 5 and B_01 is 2 / 3.
  EXPECT_NEAR(scores[1], 2.0 / 3.0, 1e-6);
  EXPECT_EQ(scores[2], 0.0f);
  ease.score({}, scores);
  EXPECT_EQ(scores, std::vector<float>(3));
}

TEST(Ease, DoesNotDependOnTheNumberOfThreads) {
  const MadeHistories made({.users = 500, .items = 400, .longest = 12});
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Ease one(made.histories(), made.num_items(), {});
  omp_set_num_threads(3);
  const Ease three(made.histories(), made.num_items(), {});
  omp_set_num_threads(threads);
  EXPECT_EQ(one.weights().values, three.weights().values);
}

TEST(Ease, RefusesACatalogueThatIsTooLargeAndSaysWhatItWouldTake) {
  try {
    const Ease ease({}, 60000, {});
    FAIL() << "60,000 items were accepted";
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const char* part : {"60000 items", "more than 30000", "14.4 GB", "8 times", "item-knn"}) {
      EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
    }
  }
}

TEST(Ease, RefusesARegularisationThatIsNotPositive) {
  for (const double value : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(Ease({}, 2, {.regularisation = value}), Error);
  }
}

}  // namespace
}  // namespace peapod
