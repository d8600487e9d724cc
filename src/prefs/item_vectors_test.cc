#include "prefs/item_vectors.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "prefs/eigen.h"

namespace peapod {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

Histories views_of(const Lists& lists) { return Histories(lists.begin(), lists.end()); }

Lists random_lists(size_t num_users, uint32_t num_items, size_t max_length, uint64_t seed) {
  Lists lists(num_users);
  Random random(seed);
  for (auto& list : lists) {
    const size_t length = random.below(max_length + 1);
    for (size_t i = 0; i < length; ++i) list.push_back(static_cast<uint32_t>(random.below(num_items)));
  }
  return lists;
}

Eigen::MatrixXd dense(const ItemGraph& graph) {
  const Eigen::Index n = static_cast<Eigen::Index>(graph.num_items());
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (size_t e = graph.starts[i]; e < graph.starts[i + 1]; ++e) result(i, graph.neighbours[e]) = graph.weights[e];
  }
  return result;
}

TEST(Cooccurrence, CountsPairsByOneOverTheirDistance) {
  const Lists lists = {{0, 1, 2}, {2, 0}, {3}};
  const ItemGraph graph = cooccurrence(views_of(lists), 5);
  Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(5, 5);
  expected(0, 1) = expected(1, 0) = expected(1, 2) = expected(2, 1) = 1.0;
  expected(0, 2) = expected(2, 0) = 0.5 + 1.0;
  EXPECT_EQ(dense(graph), expected);
  EXPECT_EQ(graph.weights.size(), 6u);
}

TEST(Cooccurrence, EqualsTheObviousLoopsOnRandomHistories) {
  const Lists lists = random_lists(40, 30, 120, 5);
  Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(30, 30);
  for (const auto& list : lists) {
    for (size_t p = 0; p < list.size(); ++p) {
      for (size_t q = p + 1; q < list.size() && q <= p + 50; ++q) {
        if (list[p] == list[q]) continue;
        expected(list[p], list[q]) += 1.0 / static_cast<double>(q - p);
        expected(list[q], list[p]) += 1.0 / static_cast<double>(q - p);
      }
    }
  }
  EXPECT_LT((dense(cooccurrence(views_of(lists), 30)) - expected).cwiseAbs().maxCoeff(), 1e-4);
}

TEST(Cooccurrence, KeepsTheGreatestWeightsOfEachItemWhereThereAreTooManyPairs) {
  const Lists lists = random_lists(300, 90, 40, 5);
  const Eigen::MatrixXd all = dense(cooccurrence(views_of(lists), 90, size_t{1} << 40));
  // Weights that are greater than that of (i, j) in row i.
  const auto rank_in_row = [&](Eigen::Index i, Eigen::Index j) { return (all.row(i).array() > all(i, j)).count(); };
  for (const auto& [most_pairs, kept] : {std::pair<size_t, Eigen::Index>{100, 32}, {2 * 90 * 50, 50}}) {
    const Eigen::MatrixXd some = dense(cooccurrence(views_of(lists), 90, most_pairs));
    for (Eigen::Index i = 0; i < 90; ++i) {
      for (Eigen::Index j = 0; j < 90; ++j) {
        EXPECT_EQ(some(i, j) > 0, some(j, i) > 0) << i << " " << j;
        if (some(i, j) > 0) {
          EXPECT_NEAR(some(i, j), all(i, j), 1e-5);
          EXPECT_TRUE(rank_in_row(i, j) < kept || rank_in_row(j, i) < kept) << i << " " << j;
        } else if (all(i, j) > 0) {
          // Of equal weights not all may have room.
          EXPECT_GE((all.row(i).array() >= all(i, j)).count(), kept) << i << " " << j;
        }
      }
    }
  }
}

TEST(ItemVectors, AreTheLeadingEigenvectorsOfTheNormalisedGraph) {
  const Lists lists = random_lists(200, 40, 8, 6);
  const ItemGraph graph = cooccurrence(views_of(lists), 40);
  const Eigen::MatrixXd c = dense(graph);
  const Eigen::ArrayXd degree = c.rowwise().sum().array();
  const Eigen::VectorXd scale = (degree + degree.mean()).rsqrt().matrix();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(scale.asDiagonal() * c * scale.asDiagonal());
  constexpr Eigen::Index kDim = 4;
  Eigen::MatrixXd expected =
      eigen.eigenvectors().rightCols(kDim) * eigen.eigenvalues().tail(kDim).cwiseMax(0).asDiagonal();
  expected.rowwise().normalize();
  const Matrix vectors = item_vectors(graph, {.dim = kDim});
  const Eigen::MatrixXd found = as_eigen(vectors).cast<double>();
  // Eigenvectors have no sign: compare the cosines between items.
  EXPECT_LT((found * found.transpose() - expected * expected.transpose()).cwiseAbs().maxCoeff(), 0.01);
}

TEST(ItemVectors, ItemsConsumedTogetherStandTogether) {
  Lists lists;
  Random random(7);
  for (size_t u = 0; u < 300; ++u) {
    lists.emplace_back();
    for (size_t i = 0; i < 5; ++i) lists.back().push_back(static_cast<uint32_t>(u % 3 * 10 + random.below(10)));
  }
  const Matrix vectors = item_vectors(cooccurrence(views_of(lists), 30), {.dim = 3});
  const RowMajorF cosines = as_eigen(vectors) * as_eigen(vectors).transpose();
  for (Eigen::Index i = 0; i < 30; ++i) {
    for (Eigen::Index j = 0; j < 30; ++j) {
      if (i / 10 == j / 10) {
        EXPECT_GT(cosines(i, j), 0.9f);
      } else {
        EXPECT_LT(cosines(i, j), 0.1f);
      }
    }
  }
}

TEST(ItemVectors, AnItemAloneGetsZerosAndAllOthersNormOne) {
  const Lists lists = {{0, 1}, {1, 2}, {3}};
  const Matrix vectors = item_vectors(cooccurrence(views_of(lists), 5));
  EXPECT_EQ(vectors.cols, 5u);
  for (Eigen::Index i = 0; i < 5; ++i) EXPECT_NEAR(as_eigen(vectors).row(i).norm(), i < 3 ? 1.0f : 0.0f, 1e-5f);
}

TEST(ItemVectors, ACatalogueMayBeEmptyOrHoldOneItem) {
  EXPECT_EQ(item_vectors(cooccurrence({}, 0)).rows, 0u);
  const Matrix one = item_vectors(cooccurrence({}, 1));
  EXPECT_EQ(one.values, std::vector<float>{0.0f});
}

TEST(ItemVectors, TheNumberOfThreadsDoesNotShow) {
  const Lists lists = random_lists(2000, 600, 10, 8);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Matrix one = item_vectors(cooccurrence(views_of(lists), 600), {.dim = 16});
  omp_set_num_threads(4);
  const Matrix four = item_vectors(cooccurrence(views_of(lists), 600), {.dim = 16});
  omp_set_num_threads(threads);
  EXPECT_EQ(one.values, four.values);
}

}  // namespace
}  // namespace peapod
