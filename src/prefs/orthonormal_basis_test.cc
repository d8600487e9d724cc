#include "prefs/orthonormal_basis.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace peapod {
namespace {

using Eigen::Index;

RowMajorF random_matrix(Index rows, Index cols) {
  RowMajorF x(rows, cols);
  Random random(3);
  for (float& value : x.reshaped<Eigen::RowMajor>()) value = static_cast<float>(random.normal());
  return x;
}

float distance_from_orthonormal(const RowMajorF& x) {
  return (x.transpose() * x - RowMajorF::Identity(x.cols(), x.cols())).cwiseAbs().maxCoeff();
}

// How much of `x` is outside of the span of `basis`.
float outside(const RowMajorF& x, const RowMajorF& basis) {
  return (x - basis * (basis.transpose() * x)).cwiseAbs().maxCoeff() / x.cwiseAbs().maxCoeff();
}

TEST(OrthonormalBasis, SpansWhatTheColumnsDoByEitherWay) {
  RowMajorF x = random_matrix(1000, 20);
  x.col(3) = x.col(2) + 0.01f * x.col(3);  // some are alike
  const RowMajorF reflected = orthonormal_basis(x);
  RowMajorF factored = x;
  ASSERT_TRUE(orthonormalise(factored));
  for (const RowMajorF& basis : {reflected, factored}) {
    EXPECT_LT(distance_from_orthonormal(basis), 1e-5f);
    EXPECT_LT(outside(x, basis), 1e-4f);
  }
}

TEST(OrthonormalBasis, IsOfAnyNumberOfRows) {
  for (const Index rows : {5, 31, 33}) {
    RowMajorF x = random_matrix(rows, 5);
    ASSERT_TRUE(orthonormalise(x)) << rows;
    EXPECT_LT(distance_from_orthonormal(x), 1e-4f) << rows;
  }
}

TEST(OrthonormalBasis, OfColumnsThatDependOnEachOtherIsNotFoundByFactors) {
  for (const float apart : {0.0f, 1e-7f, 1e-5f}) {
    RowMajorF x = random_matrix(1000, 20);
    x.col(3) = x.col(2) + apart * x.col(3);
    RowMajorF factored = x;
    EXPECT_TRUE(!orthonormalise(factored) || distance_from_orthonormal(factored) < 1e-4f) << apart;
  }
  RowMajorF none = RowMajorF::Zero(100, 4);
  EXPECT_FALSE(orthonormalise(none));
}

}  // namespace
}  // namespace peapod
