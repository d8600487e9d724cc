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

// Stands where there are fewer neighbours than asked for.
inline constexpr uint32_t kNoNeighbour = 0xffffffffu;

struct NeighbourOptions {
  bool exclude_same_index = false;  // query r never gets base row r: for queries that are the base
};

// A matrix made ready to be searched again and again. Const, so safe from many threads.
class NeighbourIndex {
 public:
  // `base` must outlive the index and stay as it is. REQUIRES: finite values.
  explicit NeighbourIndex(const Matrix& base);

  // [queries.rows, n]: for each query the n base rows of greatest cosine, best first, equal ones by lower index. A base
  // row of zeros comes after all others; to a query of zeros all others are equal. Where fewer than n rows are
  // available the rest is kNoNeighbour. Throws Error when the matrices differ in columns. REQUIRES: finite values.
  std::vector<uint32_t> nearest(const Matrix& queries, size_t n, const NeighbourOptions& options = {}) const;

 private:
  const Matrix& base_;
  std::vector<double> scale_;         // 1 / norm of each row
  std::vector<PackedMatrix> blocks_;  // the rows at length 1
  double rounding_ = 0;               // how far a product may see one of them from where it is
};

}  // namespace peapod
