#include "prefs/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/error.h"
#include "tensor/gemm.h"

namespace peapod {
namespace {

// Large enough that rounding the operands costs little beside their product, small enough (2 MB of products) that the
// scan finds it in the second-level cache.
constexpr size_t kQueryBlock = 1024;
constexpr size_t kBaseBlock = 512;
constexpr size_t kScanStep = 64;  // products looked at together; divides kBaseBlock

// How far a blocked product of two unit vectors may be from their cosine: the operands' rounding (2^-8 each in bf16)
// and that of the sum, both bounded through |x| . |y| <= 1.
double product_error(Precision precision, size_t dim) {
  const double sum_error = static_cast<double>(dim + 4) * 0x1p-23;
  return precision == Precision::bf16 ? 0x1p-7 + 0x1p-16 + sum_error : sum_error;
}

double dot(std::span<const float> x, std::span<const float> y) {
  double sum = 0.0;
  for (size_t d = 0; d < x.size(); ++d) sum += static_cast<double>(x[d]) * static_cast<double>(y[d]);
  return sum;
}

// 1 / norm of each row; 0 for a row of zeros.
std::vector<double> inverse_norms(const Matrix& matrix) {
  std::vector<double> result(matrix.rows);
#pragma omp parallel for
  for (size_t r = 0; r < matrix.rows; ++r) {
    const double square = dot(matrix.row(r), matrix.row(r));
    result[r] = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
  }
  return result;
}

Matrix unit_rows(const Matrix& matrix, std::span<const double> inverse_norm) {
  Matrix unit(matrix.rows, matrix.cols);
#pragma omp parallel for
  for (size_t r = 0; r < matrix.rows; ++r) {
    for (size_t d = 0; d < matrix.cols; ++d) unit.row(r)[d] = static_cast<float>(matrix.row(r)[d] * inverse_norm[r]);
  }
  return unit;
}

struct Neighbour {
  double cosine;
  uint32_t index;
};

bool better(const Neighbour& a, const Neighbour& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.index < b.index;
}

// The best n seen so far, the worst of them on top of a heap.
class BestNeighbours {
 public:
  explicit BestNeighbours(size_t n) : n_(n) { heap_.reserve(n); }

  // A neighbour below this cosine cannot enter.
  double threshold() const {
    return heap_.size() < n_ ? -std::numeric_limits<double>::infinity() : heap_.front().cosine;
  }

  void offer(const Neighbour& neighbour) {
    if (heap_.size() == n_) {
      if (!better(neighbour, heap_.front())) return;
      std::ranges::pop_heap(heap_, better);
      heap_.pop_back();
    }
    heap_.push_back(neighbour);
    std::ranges::push_heap(heap_, better);
  }

  // Best first; the rest of `row` is kNoNeighbour. Empties the heap.
  void write(std::span<uint32_t> row) {
    std::ranges::sort_heap(heap_, better);
    std::ranges::fill(row, kNoNeighbour);
    for (size_t i = 0; i < heap_.size(); ++i) row[i] = heap_[i].index;
    heap_.clear();
  }

 private:
  size_t n_;
  std::vector<Neighbour> heap_;
};

// Counting without a branch, over a fixed length, is what the compiler turns into vector instructions.
bool any_at_least(const float* products, float bound) {
  int hits = 0;
  for (size_t i = 0; i < kScanStep; ++i) hits += products[i] >= bound ? 1 : 0;
  return hits > 0;
}

}  // namespace

NeighbourIndex::NeighbourIndex(const Matrix& base)
    : base_(base), scale_(inverse_norms(base)), unit_(unit_rows(base, scale_)) {}

// Products of a block only sort out what cannot be among the best; what may be is measured again in f64, always in the
// same order of terms. So the products may be as coarse as bf16 and the answer is still exact.
std::vector<uint32_t> NeighbourIndex::nearest(const Matrix& queries, size_t n, const NeighbourOptions& options) const {
  const Matrix& base = base_;
  if (queries.rows > 0 && base.rows > 0 && queries.cols != base.cols) {
    throw Error("neighbours", fmt::format("queries have {} columns, the base {}", queries.cols, base.cols),
                "compare vectors of the same model");
  }
  std::vector<uint32_t> result(queries.rows * n, kNoNeighbour);
  if (result.empty() || base.rows == 0) return result;
  if (base.cols == 0) throw Error("neighbours", "the vectors have no columns", "give them at least one dimension");
  const std::vector<double> query_scale = inverse_norms(queries);
  const Matrix unit_queries = unit_rows(queries, query_scale);
  const Precision precision = fastest_precision();
  const double margin = product_error(precision, base.cols);
  constexpr double kZeroRow = -2.0;  // below every cosine

  const size_t block_rows = std::min(kQueryBlock, queries.rows);
  const size_t num_blocks = (queries.rows + kQueryBlock - 1) / kQueryBlock;
#pragma omp parallel
  {
    std::vector<float> products(block_rows * kBaseBlock);
    std::vector<BestNeighbours> best(block_rows, BestNeighbours(std::min(n, base.rows)));
#pragma omp for schedule(dynamic)
    for (size_t block = 0; block < num_blocks; ++block) {
      const size_t first_query = block * kQueryBlock;
      const size_t num_queries = std::min(kQueryBlock, queries.rows - first_query);
      for (size_t first_base = 0; first_base < base.rows; first_base += kBaseBlock) {
        const size_t num_base = std::min(kBaseBlock, base.rows - first_base);
        gemm({.m = num_queries,
              .n = num_base,
              .k = base.cols,
              .lda = base.cols,
              .ldb = base.cols,
              .ldc = kBaseBlock,
              .op_a = Op::none,
              .op_b = Op::transpose},
             1.0f, unit_queries.row(first_query).data(), unit_.row(first_base).data(), 0.0f, products.data(),
             precision);
        for (size_t q = 0; q < num_queries; ++q) {
          const size_t query = first_query + q;
          const float* row = products.data() + q * kBaseBlock;
          for (size_t start = 0; start < num_base; start += kScanStep) {
            // One step may read past num_base, into what an earlier block left; only `end` decides what is offered.
            const auto bound = [&] { return static_cast<float>(best[q].threshold() - margin); };
            if (!any_at_least(row + start, bound())) continue;
            const size_t end = std::min(num_base, start + kScanStep);
            for (size_t j = start; j < end; ++j) {
              const size_t index = first_base + j;
              if (row[j] < bound() || (options.exclude_same_index && index == query)) continue;
              const double cosine = scale_[index] == 0.0
                                        ? kZeroRow
                                        : dot(queries.row(query), base.row(index)) * scale_[index] * query_scale[query];
              best[q].offer({cosine, static_cast<uint32_t>(index)});
            }
          }
        }
      }
      for (size_t q = 0; q < num_queries; ++q) {
        best[q].write(std::span(result).subspan((first_query + q) * n, n));
      }
    }
  }
  return result;
}

}  // namespace peapod
