// Clusters of nearly equal size: k-means on directions whose assignment step respects a capacity. Item codes are built
// from it. Stateless; results depend neither on threads nor on anything but the arguments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.h"

namespace peapod {

// Gives every row of `scores` [rows, clusters] one cluster, none more than `capacity` of them, so that the sum of the
// chosen scores is within rows * `tolerance` of the greatest possible (the auction algorithm for similar objects,
// Bertsekas and Castanon 1989). REQUIRES: clusters * capacity >= rows, tolerance > 0, finite scores.
std::vector<uint32_t> assign_within_capacity(const Matrix& scores, size_t capacity, double tolerance);

struct BalancedClusterOptions {
  size_t clusters = 2;
  size_t rounds = 20;  // of assignment and new centres, at most
  uint64_t seed = 1;   // of the first centres (k-means++)
};

// Clusters the rows of `vectors` (each of norm 1, or zero) by cosine. No cluster exceeds ceil(rows / clusters).
std::vector<uint32_t> balanced_clusters(const Matrix& vectors, const BalancedClusterOptions& options);

}  // namespace peapod
