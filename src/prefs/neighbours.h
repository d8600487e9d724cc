// The most similar rows of a matrix, exactly, by blocked products: memory grows with the blocks, never with
// queries times base rows. Finds the similar users that the `similar-users` composer reads. Stateless; uses all
// threads, and the result does not depend on their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "tensor/packed_matrix.h"

namespace peapod {

// Fills a result where there are fewer neighbours than asked for.
inline constexpr uint32_t kNoNeighbour = 0xffffffffu;

struct NeighbourOptions {
  bool exclude_same_index = false;  // query r never gets base row r: for a base whose own rows are the queries
};

// A matrix made ready to be searched again and again. Const, so safe from many threads.
class NeighbourIndex {
 public:
  // `base` must outlive the index and stay as it is. REQUIRES: finite values.
  explicit NeighbourIndex(const Matrix& base);

  // For each query the n base rows of greatest cosine [queries.rows, n], best first; rows of equal cosine by ascending
  // index. The cosine with a query of zeros is 0, but base rows of zeros always come last. Where the base has fewer
  // than n rows to give, the rest is kNoNeighbour. Throws Error when the matrices differ in columns. REQUIRES: finite
  // values.
  std::vector<uint32_t> nearest(const Matrix& queries, size_t n, const NeighbourOptions& options = {}) const;

 private:
  const Matrix& base_;
  std::vector<double> scale_;         // [base rows] 1 / norm, 0 for a row of zeros
  std::vector<PackedMatrix> blocks_;  // the base rows scaled to norm 1
  double rounding_ = 0;               // bound on the distance between a row of norm 1 and the same row as packed
};

}  // namespace peapod
