#include "prefs/item_vectors.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"
#include "prefs/eigen.h"
#include "prefs/occurrences.h"
#include "prefs/orthonormal_basis.h"

namespace peapod {
namespace {

using Eigen::Index;

// Streams of the seed: one for each item's row of the first basis.
constexpr uint64_t first_basis_stream(size_t item) { return item; }

constexpr size_t kWindow = 50;          // farthest steps between two items that count as together
constexpr size_t kLeastKept = 32;       // neighbours of an item, where there are too many
constexpr size_t kIterations = 12;      // 30 change neither prefix rate by more than the seed does
constexpr size_t kOversampling = 16;    // columns beyond those asked for, so that the last of them converge too
constexpr float kSpectrumShift = 0.2f;  // eigenvalues lie in (-1, 1); favours the positive end, which is the one kept

using Row = std::vector<std::pair<uint32_t, float>>;  // neighbours, ascending, and their weights

// Gives each item the neighbours that have it among theirs.
void make_symmetric(std::vector<Row>& rows) {
  std::vector<Row> missing(rows.size());
  for (uint32_t item = 0; item < rows.size(); ++item) {
    for (const auto& [other, weight] : rows[item]) {
      const auto place = std::ranges::lower_bound(rows[other], item, {}, &Row::value_type::first);
      if (place == rows[other].end() || place->first != item) missing[other].emplace_back(item, weight);
    }
  }
  for (size_t item = 0; item < rows.size(); ++item) {
    if (missing[item].empty()) continue;
    const auto before = static_cast<std::ptrdiff_t>(rows[item].size());
    rows[item].insert(rows[item].end(), missing[item].begin(), missing[item].end());
    std::inplace_merge(rows[item].begin(), rows[item].begin() + before, rows[item].end());
  }
}

// (D + m)^-1/2 C (D + m)^-1/2.
ItemGraph normalised(ItemGraph graph) {
  const size_t n = graph.num_items();
  std::vector<double> degree(n, 0.0);
  double mean = 0.0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t e = graph.starts[i]; e < graph.starts[i + 1]; ++e) degree[i] += graph.weights[e];
    mean += degree[i] / static_cast<double>(n);
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t e = graph.starts[i]; e < graph.starts[i + 1]; ++e) {
      const double scale = std::sqrt((degree[i] + mean) * (degree[graph.neighbours[e]] + mean));
      graph.weights[e] = static_cast<float>(graph.weights[e] / scale);
    }
  }
  return graph;
}

// graph * x.
RowMajorF product(const ItemGraph& graph, const RowMajorF& x) {
  RowMajorF y = RowMajorF::Zero(x.rows(), x.cols());
#pragma omp parallel for schedule(dynamic, 256)
  for (size_t i = 0; i < graph.num_items(); ++i) {
    for (size_t e = graph.starts[i]; e < graph.starts[i + 1]; ++e) {
      y.row(static_cast<Index>(i)) += graph.weights[e] * x.row(graph.neighbours[e]);
    }
  }
  return y;
}

}  // namespace

ItemGraph cooccurrence(const Histories& histories, uint32_t num_items, size_t most_pairs) {
  const Occurrences occurrences(histories, num_items);
  size_t pairs = 0;
  for (const auto& history : histories) pairs += history.size() * std::min(history.size(), 2 * kWindow);
  const size_t kept = pairs <= most_pairs ? num_items : std::max(kLeastKept, most_pairs / 2 / num_items);
  std::vector<Row> rows(num_items);
#pragma omp parallel
  {
    std::vector<double> sum(num_items, 0.0);
    std::vector<uint32_t> touched;
#pragma omp for schedule(dynamic, 64)
    for (uint32_t item = 0; item < num_items; ++item) {
      for (const auto& [user, position] : occurrences.of(item)) {
        const auto history = histories[user];
        const size_t first = position > kWindow ? position - kWindow : 0;
        const size_t last = std::min(history.size(), position + kWindow + 1);
        for (size_t p = first; p < last; ++p) {
          const uint32_t other = history[p];
          if (other == item) continue;
          if (sum[other] == 0.0) touched.push_back(other);
          sum[other] += 1.0 / static_cast<double>(p > position ? p - position : position - p);
        }
      }
      if (touched.size() > kept) {
        const auto heavier = [&](uint32_t a, uint32_t b) { return std::pair(-sum[a], a) < std::pair(-sum[b], b); };
        const auto cut = touched.begin() + static_cast<std::ptrdiff_t>(kept);
        std::ranges::nth_element(touched, cut, heavier);
        std::for_each(cut, touched.end(), [&](uint32_t other) { sum[other] = 0.0; });
        touched.erase(cut, touched.end());
      }
      std::ranges::sort(touched);
      rows[item].reserve(touched.size());
      for (uint32_t other : touched) rows[item].emplace_back(other, static_cast<float>(std::exchange(sum[other], 0.0)));
      touched.clear();
    }
  }
  if (kept < num_items) make_symmetric(rows);
  ItemGraph graph;
  for (const auto& row : rows) {
    for (const auto& [other, weight] : row) {
      graph.neighbours.push_back(other);
      graph.weights.push_back(weight);
    }
    graph.starts.push_back(graph.neighbours.size());
  }
  return graph;
}

Matrix item_vectors(const ItemGraph& graph, const ItemVectorOptions& options) {
  const size_t n = graph.num_items();
  const size_t dim = std::min(options.dim, n);
  if (dim == 0) return Matrix(n, 0);
  const size_t width = std::min(n, dim + kOversampling);
  const ItemGraph a = normalised(graph);
  RowMajorF basis(static_cast<Index>(n), static_cast<Index>(width));
  for (size_t i = 0; i < n; ++i) {
    Random random(options.seed, first_basis_stream(i));
    for (size_t d = 0; d < width; ++d) {
      basis(static_cast<Index>(i), static_cast<Index>(d)) = static_cast<float>(random.normal());
    }
  }
  basis = orthonormal_basis(basis);
  for (size_t t = 0; t < kIterations; ++t) basis = orthonormal_basis(product(a, basis) + kSpectrumShift * basis);
  const RowMajorD small = (basis.transpose() * product(a, basis)).cast<double>();
  const Eigen::SelfAdjointEigenSolver<RowMajorD> eigen((small + small.transpose()) / 2);
  // Eigenvalues ascend: the last `dim` are wanted.
  const Eigen::VectorXd scale = eigen.eigenvalues().tail(static_cast<Index>(dim)).cwiseMax(0);
  const RowMajorD rotation = eigen.eigenvectors().rightCols(static_cast<Index>(dim)) * scale.asDiagonal();
  Matrix vectors(n, dim);
  auto rows = as_eigen(vectors);
  rows = basis * rotation.cast<float>();
  for (Index i = 0; i < rows.rows(); ++i) {
    const bool alone = graph.starts[static_cast<size_t>(i)] == graph.starts[static_cast<size_t>(i) + 1];
    const float norm = alone ? 0.0f : rows.row(i).norm();
    if (norm > 0) {
      rows.row(i) /= norm;
    } else {
      rows.row(i).setZero();
    }
  }
  return vectors;
}

}  // namespace peapod
