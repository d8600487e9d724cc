#include "prefs/balanced_clusters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

std::vector<size_t> sizes_of(const std::vector<uint32_t>& cluster_of, size_t clusters) {
  std::vector<size_t> sizes(clusters, 0);
  for (uint32_t cluster : cluster_of) ++sizes.at(cluster);
  return sizes;
}

double best_total(const Matrix& scores, size_t row, std::vector<size_t>& room) {
  if (row == scores.rows) return 0.0;
  double best = -1e30;
  for (size_t c = 0; c < scores.cols; ++c) {
    if (room[c] == 0) continue;
    --room[c];
    best = std::max(best, scores.row(row)[c] + best_total(scores, row + 1, room));
    ++room[c];
  }
  return best;
}

TEST(AssignWithinCapacity, IsWithinToleranceOfTheBestOfAllAssignments) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    Matrix scores(7, 3);
    for (float& value : scores.values) value = static_cast<float>(random.uniform());
    const std::vector<uint32_t> assigned = assign_within_capacity(scores, 3, 1e-3);
    double total = 0.0;
    for (size_t r = 0; r < scores.rows; ++r) total += scores.row(r)[assigned[r]];
    std::vector<size_t> room(3, 3);
    EXPECT_GE(total, best_total(scores, 0, room) - 7e-3) << "seed " << seed;
    EXPECT_LE(std::ranges::max(sizes_of(assigned, 3)), 3u) << "seed " << seed;
  }
}

TEST(AssignWithinCapacity, SpreadsRowsThatAllWantTheSame) {
  Matrix scores(12, 4);
  for (size_t r = 0; r < scores.rows; ++r) scores.row(r)[0] = 1.0f;
  EXPECT_EQ(sizes_of(assign_within_capacity(scores, 3, 1e-3), 4), (std::vector<size_t>{3, 3, 3, 3}));
}

TEST(AssignWithinCapacity, OneClusterTakesAll) {
  EXPECT_EQ(assign_within_capacity(Matrix(3, 1), 3, 1e-3), (std::vector<uint32_t>{0, 0, 0}));
}

TEST(BalancedClusters, FindPlantedOnes) {
  constexpr size_t kClusters = 5, kEach = 20;
  Matrix vectors(kClusters * kEach, kClusters);
  Random random(3);
  for (size_t r = 0; r < vectors.rows; ++r) {
    for (float& value : vectors.row(r)) value = static_cast<float>(0.05 * random.normal());
    vectors.row(r)[r % kClusters] += 1.0f;
  }
  const auto found = balanced_clusters(vectors, {.clusters = kClusters, .seed = 2});
  for (size_t r = 0; r < vectors.rows; ++r) EXPECT_EQ(found[r], found[r % kClusters]) << "row " << r;
  EXPECT_EQ(std::set<uint32_t>(found.begin(), found.begin() + kClusters).size(), kClusters);
}

TEST(BalancedClusters, NeverExceedTheirCapacity) {
  for (const size_t rows : {1, 4, 5, 6, 99, 100, 101}) {
    Matrix vectors(rows, 3);  // nearly all alike, some zeros
    for (size_t r = 0; r < rows; ++r) vectors.row(r)[0] = r % 4 == 0 ? 0.0f : 1.0f;
    const auto found = balanced_clusters(vectors, {.clusters = 5});
    ASSERT_EQ(found.size(), rows);
    EXPECT_LE(std::ranges::max(sizes_of(found, 5)), (rows + 4) / 5) << rows << " rows";
  }
  EXPECT_TRUE(balanced_clusters(Matrix(0, 3), {.clusters = 5}).empty());
}

}  // namespace
}  // namespace peapod
