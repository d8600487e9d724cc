#include "prefs/pmf.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "prefs/eigen.h"

namespace peapod {
namespace {

using Lists = std::vector<std::vector<uint32_t>>;

Histories views_of(const Lists& lists) { return Histories(lists.begin(), lists.end()); }

// Users of two tastes; items [0, half) and [half, num_items).
Lists two_tastes(size_t num_users, uint32_t num_items, uint64_t seed) {
  Lists lists(num_users);
  for (size_t u = 0; u < num_users; ++u) {
    Random random(seed, u);
    const size_t length = random.below(12);
    for (size_t i = 0; i < length; ++i) {
      lists[u].push_back(static_cast<uint32_t>(u % 2 * (num_items / 2) + random.below(num_items / 2)));
    }
  }
  return lists;
}

Matrix random_matrix(size_t rows, size_t cols, uint64_t seed) {
  Matrix matrix(rows, cols);
  Random random(seed);
  for (float& value : matrix.values) value = static_cast<float>(0.3 * random.normal());
  return matrix;
}

float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += a[d] * b[d];
  return sum;
}

double objective(const Matrix& users, const Matrix& items, const Lists& lists, const PmfOptions& options) {
  double sum = 0.0;
  for (size_t u = 0; u < users.rows; ++u) {
    for (uint32_t i = 0; i < items.rows; ++i) {
      const double times = static_cast<double>(std::ranges::count(lists[u], i));
      const double miss = (times > 0 ? 1.0 : 0.0) - dot(users.row(u), items.row(i));
      sum += (1.0 + options.confidence * times) * miss * miss;
    }
  }
  for (float value : users.values) sum += options.regularisation * value * value;
  for (float value : items.values) sum += options.regularisation * value * value;
  return sum;
}

// The normal equations of one user, item by item.
std::vector<float> slow_fold_in(const Matrix& items, std::span<const uint32_t> history, const PmfOptions& options) {
  const Eigen::Index dim = static_cast<Eigen::Index>(items.cols);
  Eigen::MatrixXd system = Eigen::MatrixXd::Identity(dim, dim) * options.regularisation;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(dim);
  for (uint32_t i = 0; i < items.rows; ++i) {
    const Eigen::VectorXd y = as_eigen(items).row(i).cast<double>().transpose();
    const double times = static_cast<double>(std::ranges::count(history, i));
    const double weight = 1.0 + options.confidence * times;
    system += weight * y * y.transpose();
    if (times > 0) right += weight * y;
  }
  const Eigen::VectorXf x = system.fullPivLu().solve(right).cast<float>();
  return {x.begin(), x.end()};
}

std::vector<float> folded(const Pmf& pmf, std::span<const uint32_t> items) {
  std::vector<float> vector(pmf.dim(), std::numeric_limits<float>::quiet_NaN());
  pmf.fold_in(items, vector);
  return vector;
}

void expect_near(std::span<const float> actual, std::span<const float> expected, float tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << "entry " << i;
}

TEST(Pmf, EachSweepLowersTheObjective) {
  const Lists lists = two_tastes(60, 20, 3);
  const Histories histories = views_of(lists);
  PmfOptions options{.dim = 4, .confidence = 5.0, .regularisation = 2.0};
  double before = std::numeric_limits<double>::infinity();
  for (size_t sweeps = 1; sweeps <= 6; ++sweeps) {
    options.sweeps = sweeps;
    const Pmf pmf = Pmf::fit(histories, 20, options);
    const double after = objective(pmf.fold_in_all(histories), pmf.item_factors(), lists, options);
    EXPECT_LT(after, before) << "after sweep " << sweeps;
    before = after;
  }
}

TEST(Pmf, FoldInMinimisesTheObjectiveOfTheUser) {
  const Matrix items = random_matrix(30, 6, 5);
  const PmfOptions options{.dim = 6, .confidence = 20.0, .regularisation = 0.5};
  const Pmf pmf = Pmf::from_item_factors(items, options);
  Random random(11);
  for (size_t length : {1, 2, 5, 6, 7, 8, 25}) {  // 6 dimensions: both ways to solve
    std::vector<uint32_t> history;
    for (size_t i = 0; i < length; ++i) history.push_back(static_cast<uint32_t>(random.below(30)));
    SCOPED_TRACE(length);
    expect_near(folded(pmf, history), slow_fold_in(items, history, options), 2e-5f);
  }
}

TEST(Pmf, OneHalfSweepIsAFoldInOfEveryUserAndOneOfEveryItem) {
  const Lists lists = two_tastes(40, 16, 8);
  const Histories histories = views_of(lists);
  PmfOptions options{.dim = 4, .sweeps = 3, .confidence = 5.0, .regularisation = 2.0};
  const Matrix users = Pmf::fit(histories, 16, options).fold_in_all(histories);
  options.sweeps = 4;
  const Matrix items = Pmf::fit(histories, 16, options).item_factors();
  for (uint32_t i = 0; i < 16; ++i) {
    std::vector<uint32_t> users_of_item;
    for (uint32_t u = 0; u < lists.size(); ++u) {
      users_of_item.insert(users_of_item.end(), static_cast<size_t>(std::ranges::count(lists[u], i)), u);
    }
    SCOPED_TRACE(i);
    expect_near(items.row(i), slow_fold_in(users, users_of_item, options), 1e-5f);
  }
}

TEST(Pmf, FoldInOfOneHistoryEqualsThatOfAll) {
  const Lists lists = two_tastes(30, 20, 4);
  const Pmf pmf = Pmf::fit(views_of(lists), 20, {.dim = 8, .sweeps = 3});
  const Matrix all = pmf.fold_in_all(views_of(lists));
  for (size_t u = 0; u < lists.size(); ++u) {
    EXPECT_TRUE(std::ranges::equal(folded(pmf, lists[u]), all.row(u))) << "user " << u;
  }
}

TEST(Pmf, FoldInIgnoresTheOrderOfItems) {
  const Pmf pmf = Pmf::from_item_factors(random_matrix(10, 4, 2));
  EXPECT_EQ(folded(pmf, std::vector<uint32_t>{7, 1, 3, 1}), folded(pmf, std::vector<uint32_t>{1, 1, 3, 7}));
}

TEST(Pmf, FoldInOfNoItemsIsZero) {
  const Pmf pmf = Pmf::from_item_factors(random_matrix(10, 4, 2));
  EXPECT_EQ(folded(pmf, {}), std::vector<float>(4, 0.0f));
}

TEST(Pmf, ARepeatedItemPullsHarder) {
  const Matrix items = random_matrix(10, 4, 2);
  const Pmf pmf = Pmf::from_item_factors(items, {.confidence = 1.0, .regularisation = 1.0});
  const float once = dot(folded(pmf, std::vector<uint32_t>{5}), items.row(5));
  const float thrice = dot(folded(pmf, std::vector<uint32_t>{5, 5, 5}), items.row(5));
  EXPECT_GT(thrice, once);
  EXPECT_LT(thrice, 1.0f);
}

TEST(Pmf, TheVectorOfATasteScoresItsItemsHigher) {
  const Lists lists = two_tastes(200, 20, 6);
  const Pmf pmf = Pmf::fit(views_of(lists), 20, {.dim = 4, .confidence = 10.0, .regularisation = 1.0});
  const std::vector<float> user = folded(pmf, std::vector<uint32_t>{0, 1});
  float least_own = 1e9f, most_other = -1e9f;
  for (uint32_t i = 0; i < 10; ++i) least_own = std::min(least_own, dot(user, pmf.item_factors().row(i)));
  for (uint32_t i = 10; i < 20; ++i) most_other = std::max(most_other, dot(user, pmf.item_factors().row(i)));
  EXPECT_GT(least_own, most_other);
}

TEST(Pmf, AnItemThatNobodyHasGetsZeros) {
  const Lists lists = {{0, 1}, {1, 0}};
  const Pmf pmf = Pmf::fit(views_of(lists), 3, {.dim = 2, .sweeps = 2});
  EXPECT_TRUE(std::ranges::all_of(pmf.item_factors().row(2), [](float value) { return value == 0.0f; }));
}

TEST(Pmf, TheNumberOfThreadsDoesNotShow) {
  const Lists lists = two_tastes(5000, 40, 9);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Pmf one = Pmf::fit(views_of(lists), 40, {.dim = 8, .sweeps = 2});
  omp_set_num_threads(4);
  const Pmf four = Pmf::fit(views_of(lists), 40, {.dim = 8, .sweeps = 2});
  omp_set_num_threads(threads);
  EXPECT_EQ(one.item_factors().values, four.item_factors().values);
}

TEST(Pmf, StoredFactorsGiveTheSameUsers) {
  const Lists lists = two_tastes(50, 20, 1);
  const PmfOptions options{.dim = 4, .sweeps = 2, .confidence = 7.0, .regularisation = 3.0};
  const Pmf fitted = Pmf::fit(views_of(lists), 20, options);
  const Pmf loaded = Pmf::from_item_factors(fitted.item_factors(), options);
  EXPECT_EQ(fitted.fold_in_all(views_of(lists)).values, loaded.fold_in_all(views_of(lists)).values);
}

TEST(Pmf, RejectsOptionsOutOfRangeAndFactorsThatAreNotFinite) {
  const Lists lists = {{0}};
  EXPECT_THROW(Pmf::fit(views_of(lists), 1, {.dim = 0}), Error);
  EXPECT_THROW(Pmf::fit(views_of(lists), 1, {.confidence = 0.0}), Error);
  EXPECT_THROW(Pmf::fit(views_of(lists), 1, {.regularisation = -1.0}), Error);
  EXPECT_THROW(Pmf::fit(views_of(lists), 1, {.regularisation = std::numeric_limits<double>::quiet_NaN()}), Error);
  Matrix factors(1, 2);
  factors.values[1] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(Pmf::from_item_factors(factors), Error);
}

TEST(Standardiser, GivesMeanZeroAndDeviationOne) {
  Matrix vectors = random_matrix(500, 3, 7);
  for (size_t r = 0; r < vectors.rows; ++r) vectors.row(r)[1] = 4.0f + 10.0f * vectors.row(r)[1];
  const Standardiser standardiser = Standardiser::of(vectors);
  for (size_t r = 0; r < vectors.rows; ++r) standardiser.apply(vectors.row(r));
  for (Eigen::Index d = 0; d < 3; ++d) {
    const Eigen::ArrayXd column = as_eigen(vectors).col(d).cast<double>().array();
    EXPECT_NEAR(column.mean(), 0.0, 1e-5);
    EXPECT_NEAR(std::sqrt(column.square().mean()), 1.0, 1e-5);
  }
}

TEST(Standardiser, OnlyCentresAConstantDimension) {
  Matrix vectors(3, 2);
  vectors.values = {1e6f, 0.0f, 1e6f, 0.0f, 1e6f, 0.0f};
  const Standardiser standardiser = Standardiser::of(vectors);
  EXPECT_EQ(standardiser.scale, (std::vector<float>{1.0f, 1.0f}));
  std::vector<float> vector = {1e6f + 2.0f, 3.0f};
  standardiser.apply(vector);
  EXPECT_EQ(vector, (std::vector<float>{2.0f, 3.0f}));
}

TEST(Standardiser, RejectsAMatrixWithoutRows) { EXPECT_THROW(Standardiser::of(Matrix(0, 4)), Error); }

TEST(Pmf, ScoresAreProductsOfTheFoldedInVector) {
  const Lists lists = two_tastes(80, 20, 8);
  const Pmf pmf = Pmf::fit(views_of(lists), 20, {.dim = 6, .sweeps = 4});
  std::vector<float> vector(6), scores(20, -7.0f);  // must be overwritten
  pmf.fold_in(lists[3], vector);
  pmf.score(lists[3], scores);
  for (uint32_t item = 0; item < 20; ++item) {
    EXPECT_NEAR(scores[item], dot(vector, pmf.item_factors().row(item)), 1e-6);
  }
}

}  // namespace
}  // namespace peapod
