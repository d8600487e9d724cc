#include "prefs/neighbours.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace peapod {
namespace {

Matrix random_matrix(size_t rows, size_t cols, uint64_t seed) {
  Matrix matrix(rows, cols);
  Random random(seed);
  for (float& value : matrix.values) value = static_cast<float>(random.normal());
  return matrix;
}

// Few distinct values: many rows are equal, and many are zeros.
Matrix coarse_matrix(size_t rows, size_t cols, uint64_t seed) {
  Matrix matrix(rows, cols);
  Random random(seed);
  for (float& value : matrix.values) value = static_cast<float>(random.below(3)) - 1.0f;
  return matrix;
}

std::vector<uint32_t> slow_neighbours(const Matrix& queries, const Matrix& base, size_t n, bool exclude_same_index) {
  std::vector<uint32_t> result;
  for (size_t q = 0; q < queries.rows; ++q) {
    std::vector<std::pair<double, uint32_t>> order;  // (minus cosine, index) sorts as documented
    for (size_t b = 0; b < base.rows; ++b) {
      if (exclude_same_index && b == q) continue;
      double product = 0.0, base_square = 0.0, query_square = 0.0;
      for (size_t d = 0; d < base.cols; ++d) {
        product += static_cast<double>(queries.row(q)[d]) * base.row(b)[d];
        base_square += static_cast<double>(base.row(b)[d]) * base.row(b)[d];
        query_square += static_cast<double>(queries.row(q)[d]) * queries.row(q)[d];
      }
      const double cosine = base_square == 0.0 ? -2.0
                            : query_square == 0.0
                                ? 0.0
                                : product * (1 / std::sqrt(base_square)) * (1 / std::sqrt(query_square));
      order.emplace_back(-cosine, static_cast<uint32_t>(b));
    }
    std::ranges::sort(order);
    for (size_t i = 0; i < n; ++i) result.push_back(i < order.size() ? order[i].second : kNoNeighbour);
  }
  return result;
}

TEST(Neighbours, EqualBruteForceAcrossBlocks) {
  const Matrix base = random_matrix(2500, 9, 1);
  const Matrix queries = random_matrix(600, 9, 2);
  EXPECT_EQ(NeighbourIndex(base).nearest(queries, 20), slow_neighbours(queries, base, 20, false));
}

TEST(Neighbours, LeaveOutTheSameIndexWhenAsked) {
  const Matrix base = random_matrix(1300, 16, 3);
  const auto found = NeighbourIndex(base).nearest(base, 5, {.exclude_same_index = true});
  EXPECT_EQ(found, slow_neighbours(base, base, 5, true));
  const auto with_self = NeighbourIndex(base).nearest(base, 1);
  for (uint32_t r = 0; r < base.rows; ++r) ASSERT_EQ(with_self[r], r);
}

TEST(Neighbours, EqualCosinesComeByLowerIndex) {
  const Matrix base = coarse_matrix(1500, 3, 4);
  const Matrix queries = coarse_matrix(300, 3, 5);
  EXPECT_EQ(NeighbourIndex(base).nearest(queries, 40), slow_neighbours(queries, base, 40, false));
}

TEST(Neighbours, TellApartCosinesThatCoarseProductsCannot) {
  // All but the first value of a row lie beside the middle between two steps of 8 bits, a hair above or below it: the
  // products see each half a step away, and cosines that differ by 1e-4 a hundred times as far apart.
  const auto made = [](size_t rows, uint64_t seed) {
    Matrix matrix(rows, 64);
    Random random(seed);
    for (size_t r = 0; r < rows; ++r) {
      matrix.row(r)[0] = 1.0f;
      for (size_t d = 1; d < matrix.cols; ++d) {
        const double side = random.below(2) == 0 ? -1e-3 : 1e-3;
        matrix.row(r)[d] = static_cast<float>((40.5 + side) / 127.0);
      }
    }
    return matrix;
  };
  const Matrix base = made(1500, 9);
  const Matrix queries = made(20, 10);
  EXPECT_EQ(NeighbourIndex(base).nearest(queries, 10), slow_neighbours(queries, base, 10, false));
}

TEST(Neighbours, ZeroVectorsComeLast) {
  Matrix base(4, 2);
  base.values = {0, 0, -1, 0, 0, 0, 1, 0};
  Matrix query(2, 2);
  query.values = {1, 0, 0, 0};
  EXPECT_EQ(NeighbourIndex(base).nearest(query, 4), (std::vector<uint32_t>{3, 1, 0, 2, 1, 3, 0, 2}));
}

TEST(Neighbours, MissingOnesAreMarked) {
  const Matrix base = random_matrix(2, 4, 6);
  const auto found = NeighbourIndex(base).nearest(base, 3, {.exclude_same_index = true});
  EXPECT_EQ(found, (std::vector<uint32_t>{1, kNoNeighbour, kNoNeighbour, 0, kNoNeighbour, kNoNeighbour}));
  EXPECT_EQ(NeighbourIndex(Matrix(0, 4)).nearest(base, 1), std::vector<uint32_t>(2, kNoNeighbour));
  EXPECT_TRUE(NeighbourIndex(base).nearest(base, 0).empty());
  EXPECT_TRUE(NeighbourIndex(base).nearest(Matrix(0, 4), 3).empty());
}

TEST(Neighbours, TheLengthOfVectorsDoesNotCount) {
  const Matrix base = random_matrix(500, 8, 7);
  Matrix scaled = base;
  for (size_t r = 0; r < scaled.rows; ++r) {
    for (float& value : scaled.row(r)) value *= r % 2 == 0 ? 1024.0f : 0.0078125f;  // powers of two: no rounding
  }
  EXPECT_EQ(NeighbourIndex(scaled).nearest(scaled, 10), NeighbourIndex(base).nearest(base, 10));
}

TEST(Neighbours, TheNumberOfThreadsDoesNotShow) {
  const Matrix base = coarse_matrix(3000, 5, 8);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = NeighbourIndex(base).nearest(base, 10);
  omp_set_num_threads(4);
  const auto four = NeighbourIndex(base).nearest(base, 10);
  omp_set_num_threads(threads);
  EXPECT_EQ(one, four);
}

TEST(Neighbours, RejectVectorsOfAnotherSize) {
  EXPECT_THROW(NeighbourIndex(Matrix(2, 4)).nearest(Matrix(2, 3), 1), Error);
  EXPECT_THROW(NeighbourIndex(Matrix(2, 0)).nearest(Matrix(2, 0), 1), Error);
}

}  // namespace
}  // namespace peapod
