#include "prefs/symmetric_inverse.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "prefs/eigen.h"
#include "tensor/gemm.h"

namespace peapod {
namespace {

constexpr size_t kBlock = 192;  // rows and columns; what is multiplied at once stays in the second-level cache

Range block_at(size_t n, size_t block) { return {block * kBlock, std::min(n, (block + 1) * kBlock)}; }

// D: the inverse of the block on the diagonal, row-major.
RowMajorD inverse_of_diagonal(const Matrix& matrix, const Range& pivot) {
  const auto size = static_cast<Eigen::Index>(pivot.size());
  const auto first = static_cast<Eigen::Index>(pivot.begin);
  const RowMajorD block = as_eigen(matrix).block(first, first, size, size).cast<double>();
  const Eigen::LLT<RowMajorD> factor(block.selfadjointView<Eigen::Lower>());
  if (factor.info() != Eigen::Success) {
    throw Error("matrix", "is not positive definite to the precision of its numbers", "add more to its diagonal");
  }
  return factor.solve(RowMajorD::Identity(size, size));
}

// Copies the columns of the pivot from the lower half, [n, pivot.size()]; its own rows are zeros.
void gather_columns(const Matrix& matrix, const Range& pivot, std::vector<float>& columns) {
  const size_t width = pivot.size();
  parallel_for((matrix.rows + kBlock - 1) / kBlock, [&](size_t block) {
    const Range rows = block_at(matrix.rows, block);
    for (size_t r = rows.begin; r < rows.end; ++r) {
      for (size_t c = 0; c < width; ++c) {
        const size_t column = pivot.begin + c;
        columns[r * width + c] = rows.begin == pivot.begin ? 0.0f
                                 : r > column              ? matrix.values[r * matrix.cols + column]
                                                           : matrix.values[column * matrix.cols + r];
      }
    }
  });
}

}  // namespace

// With K the rows of the pivot, R the others and D = A_KK^-1, a sweep makes A_KK := -D, A_RK := A_RK D and
// A_RR := A_RR - A_RK D A_KR. After the sweep of every block the matrix is minus its inverse.
void invert_symmetric(Matrix& matrix) {
  const size_t n = matrix.rows;
  if (matrix.cols != n) throw Error("matrix", fmt::format("expected a square one, got {} x {}", n, matrix.cols));
  const size_t blocks = (n + kBlock - 1) / kBlock;
  std::vector<float> columns, swept;  // A_RK and A_RK D, with zeros for the rows K
  for (size_t p = 0; p < blocks; ++p) {
    const Range pivot = block_at(n, p);
    const size_t width = pivot.size();
    const RowMajorD inverse = inverse_of_diagonal(matrix, pivot);
    const RowMajorF d = inverse.cast<float>();
    columns.resize(n * width);
    swept.resize(n * width);
    gather_columns(matrix, pivot, columns);
    parallel_for(blocks, [&](size_t block) {
      const Range rows = block_at(n, block);
      gemm({.m = rows.size(), .n = width, .k = width, .lda = width, .ldb = width, .ldc = width}, 1.0f,
           columns.data() + rows.begin * width, d.data(), 0.0f, swept.data() + rows.begin * width);
    });
    parallel_for(blocks, [&](size_t from_last) {
      const size_t block = blocks - 1 - from_last;  // long rows first, so that threads end together
      const Range rows = block_at(n, block);
      float* row = matrix.values.data() + rows.begin * n;
      if (block == p) {
        for (size_t r = 0; r < width; ++r) {
          for (size_t c = 0; c < pivot.begin; ++c) row[r * n + c] = swept[c * width + r];
          for (size_t c = 0; c < width; ++c) row[r * n + pivot.begin + c] = -d.data()[r * width + c];
        }
        return;
      }
      // The zeros leave the columns of the pivot as they are.
      gemm({.m = rows.size(), .n = rows.end, .k = width, .lda = width, .ldb = width, .ldc = n, .op_b = Op::transpose},
           -1.0f, swept.data() + rows.begin * width, columns.data(), 1.0f, row);
      if (block < p) return;
      for (size_t r = 0; r < rows.size(); ++r) {
        std::copy_n(swept.data() + (rows.begin + r) * width, width, row + r * n + pivot.begin);
      }
    });
  }
  parallel_for(blocks, [&](size_t block) {
    const Range rows = block_at(n, block);
    for (size_t r = rows.begin; r < rows.end; ++r) {
      for (size_t c = 0; c <= r; ++c) {
        const float value = -matrix.values[r * n + c];
        matrix.values[r * n + c] = value;
        matrix.values[c * n + r] = value;
      }
    }
  });
}

}  // namespace peapod
