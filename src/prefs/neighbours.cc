#include "prefs/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "base/error.h"
#include "tensor/kernels.h"
#include "tensor/narrow.h"

namespace peapod {
namespace {

// Large enough that rounding the queries costs little beside their product, small enough (512 KB of products) that the
// scan finds it in the second-level cache.
constexpr size_t kQueryBlock = 256;
constexpr size_t kBaseBlock = 512;
static_assert(kBaseBlock <= PackedMatrix::kMostSums);

// Products in 8 bits where the processor has them (docs/decisions.md).
Precision screening() { return cpu_has_int8() ? Precision::int8 : Precision::f32; }

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

// Rows [first, first + count) at length 1.
Matrix unit_rows(const Matrix& matrix, std::span<const double> inverse_norm, size_t first, size_t count) {
  Matrix unit(count, matrix.cols);
  for (size_t r = 0; r < count; ++r) {
    const auto from = matrix.row(first + r);
    const double scale = inverse_norm[first + r];
    for (size_t d = 0; d < matrix.cols; ++d) unit.row(r)[d] = static_cast<float>(from[d] * scale);
  }
  return unit;
}

// A bound on the distance between a row and the same row as a product in the screening's precision sees it.
double rounding_of(std::span<const float> row) {
  if (screening() != Precision::int8) return 0.0;
  float largest = 0.0f;
  for (const float value : row) largest = std::max(largest, std::abs(value));
  return kernels::quantisation_error(row.size(), largest);
}

// Tells which base rows are worth measuring exactly: multiplies a block of queries with a block of the base, both
// scaled to norm 1, in the precision of the screening. One thread.
class Screen {
 public:
  // [queries, columns]; must outlive their use.
  void set_queries(const Matrix& queries) {
    queries_ = &queries;
    if (screening() != Precision::int8) return;
    bytes_.resize(queries.values.size());
    inverse_scales_.resize(queries.rows);
    kernels::quantise(queries.rows, queries.cols, queries.values.data(), bytes_.data(), inverse_scales_.data());
    for (float& scale : inverse_scales_) scale = scale > 0.0f ? 1.0f / scale : 0.0f;
  }

  void multiply(const PackedMatrix& base) {
    base_ = &base;
    const size_t count = queries_->rows * base.out();
    if (screening() != Precision::int8) {
      products_.resize(count);
      base.multiply(queries_->rows, queries_->values.data(), products_.data());
      return;
    }
    sums_.resize(count);
    base.multiply(queries_->rows, bytes_.data(), sums_.data());
    // A row of zeros passes for bounds that are not above 0.
    constexpr float kBeyondAll = 1e30f;
    factors_.clear();
    for (const float scale : base.scales()) factors_.push_back(scale > 0.0f ? 1.0f / scale : kBeyondAll);
  }

  // The first row of the base from `first` on whose product with query q is at least `bound`, give or take the
  // roundings of the screening; the number of rows where there is none.
  size_t next(size_t q, size_t first, double bound) const {
    // Rounded to bytes, a row of length 1 is at most 2 long. Finite, for a query of zeros multiplies it by 0.
    constexpr double kBelowAll = -4.0;
    const auto least = static_cast<float>(std::max(bound, kBelowAll));
    const size_t rows = base_->out();
    const size_t at = q * rows + first;
    if (screening() != Precision::int8)
      return first + kernels::first_at_least(rows - first, products_.data() + at, least);
    return first + kernels::first_at_least(rows - first, sums_.data() + at, base_->offsets().data() + first,
                                           factors_.data() + first, least * inverse_scales_[q]);
  }

 private:
  const Matrix* queries_ = nullptr;
  const PackedMatrix* base_ = nullptr;
  std::vector<float> products_;                  // f32
  std::vector<uint8_t> bytes_;                   // int8: the queries
  std::vector<float> inverse_scales_, factors_;  // int8: of the queries, of the base
  std::vector<int32_t> sums_;                    // int8
};

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

}  // namespace

NeighbourIndex::NeighbourIndex(const Matrix& base) : base_(base), scale_(inverse_norms(base)) {
  if (base.cols == 0) return;
  const size_t num_blocks = (base.rows + kBaseBlock - 1) / kBaseBlock;
  std::vector<std::optional<PackedMatrix>> blocks(num_blocks);
  std::vector<double> roundings(num_blocks);
#pragma omp parallel for schedule(dynamic)
  for (size_t block = 0; block < num_blocks; ++block) {
    const size_t first = block * kBaseBlock;
    const Matrix unit = unit_rows(base, scale_, first, std::min(kBaseBlock, base.rows - first));
    for (size_t r = 0; r < unit.rows; ++r) roundings[block] = std::max(roundings[block], rounding_of(unit.row(r)));
    blocks[block].emplace(unit.rows, unit.cols, unit.values.data(), screening());
  }
  for (auto& block : blocks) blocks_.push_back(std::move(*block));
  for (const double rounding : roundings) rounding_ = std::max(rounding_, rounding);
}

// Products of a block only sort out what cannot be among the best; what may be is measured again in f64, always in the
// same order of terms. So the products may be coarse and the answer is still exact.
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
  // What f32 rounds, with products of rows at length 1: the sum; in int8, whose sums are exact, the rows before they
  // become bytes, two inverse scales, the bound and its products, at most 8 * 2^-24 together.
  const double sum_error = static_cast<double>(base.cols + 4) * 0x1p-23;
  constexpr double kZeroRow = -2.0;  // below every cosine

  const size_t block_rows = std::min(kQueryBlock, queries.rows);
  const size_t num_blocks = (queries.rows + kQueryBlock - 1) / kQueryBlock;
#pragma omp parallel
  {
    Screen screen;
    std::vector<double> margins(block_rows);
    std::vector<BestNeighbours> best(block_rows, BestNeighbours(std::min(n, base.rows)));
#pragma omp for schedule(dynamic)
    for (size_t block = 0; block < num_blocks; ++block) {
      const size_t first_query = block * kQueryBlock;
      const size_t num_queries = std::min(kQueryBlock, queries.rows - first_query);
      const Matrix unit = unit_rows(queries, query_scale, first_query, num_queries);
      screen.set_queries(unit);
      for (size_t q = 0; q < num_queries; ++q) {
        // |xy - x'y'| <= |x - x'| |y| + |x'| |y - y'| for unit vectors x, y seen as x', y'.
        const double rounding = rounding_of(unit.row(q));
        margins[q] = rounding + (1.0 + rounding) * rounding_ + sum_error;
      }
      for (size_t first_base = 0; first_base < base.rows; first_base += kBaseBlock) {
        const PackedMatrix& base_block = blocks_[first_base / kBaseBlock];
        const size_t num_base = base_block.out();
        screen.multiply(base_block);
        for (size_t q = 0; q < num_queries; ++q) {
          const size_t query = first_query + q;
          const auto bound = [&] { return best[q].threshold() - margins[q]; };
          for (size_t j = 0; (j = screen.next(q, j, bound())) < num_base; ++j) {
            const size_t index = first_base + j;
            if (options.exclude_same_index && index == query) continue;
            const double cosine = scale_[index] == 0.0
                                      ? kZeroRow
                                      : dot(queries.row(query), base.row(index)) * scale_[index] * query_scale[query];
            best[q].offer({cosine, static_cast<uint32_t>(index)});
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
