#include "prefs/symmetric_inverse.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "prefs/eigen.h"

namespace peapod {
namespace {

// X^T X + ridge for random X of `rows` rows: eigenvalues from `ridge` to about 4 n + ridge.
Matrix random_positive(size_t n, double ridge, uint64_t seed) {
  Random random(seed);
  RowMajorD x(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = random.normal();
  RowMajorD product = x.transpose() * x;
  product.diagonal().array() += ridge;
  Matrix matrix(n, n);
  as_eigen(matrix) = product.cast<float>();
  return matrix;
}

TEST(InvertSymmetric, AgreesWithAnInverseInDoublePrecisionAtSizesAroundItsBlocks) {
  for (const size_t n : {1u, 2u, 7u, 191u, 192u, 193u, 500u}) {
    SCOPED_TRACE(n);
    Matrix matrix = random_positive(n, 50.0, n);
    const RowMajorD expected = as_eigen(matrix).cast<double>().inverse();
    // The part above the diagonal is not read.
    for (size_t r = 0; r < n; ++r) {
      for (size_t c = r + 1; c < n; ++c) matrix.values[r * n + c] = NAN;
    }
    invert_symmetric(matrix);
    // The ratio of the eigenvalues is 4 n / 50, at most 40, times the rounding of f32.
    const double error = (as_eigen(matrix).cast<double>() - expected).cwiseAbs().maxCoeff();
    EXPECT_LT(error, 5e-6 * expected.cwiseAbs().maxCoeff());
  }
  Matrix nothing;
  invert_symmetric(nothing);
  EXPECT_EQ(nothing.rows, 0u);
}

TEST(InvertSymmetric, IsTheSameForAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  Matrix one = random_positive(450, 10.0, 3), three = one;
  omp_set_num_threads(1);
  invert_symmetric(one);
  omp_set_num_threads(3);
  invert_symmetric(three);
  omp_set_num_threads(threads);
  EXPECT_EQ(one.values, three.values);
}

TEST(InvertSymmetric, RefusesWhatHasNoSuchInverse) {
  Matrix oblong(2, 3);
  EXPECT_THROW(invert_symmetric(oblong), Error);
  Matrix singular(300, 300);  // of ones
  for (float& value : singular.values) value = 1.0f;
  EXPECT_THROW(invert_symmetric(singular), Error);
}

}  // namespace
}  // namespace peapod
