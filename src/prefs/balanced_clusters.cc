#include "prefs/balanced_clusters.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

#include "base/random.h"
#include "prefs/eigen.h"

namespace peapod {
namespace {

using Eigen::Index;

constexpr uint64_t kFirstCentresStream = 0;  // of the seed; nothing else is drawn from it

// k-means++ on directions: each further centre is a row drawn by its squared distance from the nearest centre so far.
RowMajorF first_centres(const Matrix& vectors, size_t clusters, Random& random) {
  const auto x = as_eigen(vectors);
  RowMajorF centres(static_cast<Index>(clusters), x.cols());
  Eigen::VectorXf distance = Eigen::VectorXf::Constant(x.rows(), std::numeric_limits<float>::infinity());
  uint64_t chosen = random.below(vectors.rows);
  for (Index c = 0; c < centres.rows(); ++c) {
    centres.row(c) = x.row(static_cast<Index>(chosen));
    distance = distance.cwiseMin((x.rowwise() - centres.row(c)).rowwise().squaredNorm());
    double left = random.uniform() * distance.cast<double>().sum();
    chosen = 0;
    while (chosen + 1 < vectors.rows && (left -= distance(static_cast<Index>(chosen))) >= 0) ++chosen;
  }
  return centres;
}

}  // namespace

std::vector<uint32_t> assign_within_capacity(const Matrix& scores, size_t capacity, double tolerance) {
  assert(scores.cols * capacity >= scores.rows && tolerance > 0);
  using Bid = std::pair<double, uint32_t>;  // offered price, row
  std::vector<std::priority_queue<Bid, std::vector<Bid>, std::greater<>>> held(scores.cols);
  std::vector<double> price(scores.cols, 0.0);
  std::vector<uint32_t> assigned(scores.rows, 0);
  std::vector<uint32_t> waiting;
  for (size_t r = scores.rows; r > 0; --r) waiting.push_back(static_cast<uint32_t>(r - 1));
  while (!waiting.empty()) {
    const uint32_t row = waiting.back();
    waiting.pop_back();
    // The row bids for its best cluster what makes it as good as the second best, and a little more.
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    double best = kNone, second = kNone;
    uint32_t cluster = 0;
    for (uint32_t c = 0; c < scores.cols; ++c) {
      const double value = scores.row(row)[c] - price[c];
      if (value > best) {
        second = std::exchange(best, value);
        cluster = c;
      } else if (value > second) {
        second = value;
      }
    }
    const double margin = second == kNone ? 0.0 : best - second;
    held[cluster].emplace(price[cluster] + margin + tolerance, row);
    assigned[row] = cluster;
    if (held[cluster].size() > capacity) {
      waiting.push_back(held[cluster].top().second);
      held[cluster].pop();
    }
    if (held[cluster].size() == capacity) price[cluster] = held[cluster].top().first;
  }
  return assigned;
}

std::vector<uint32_t> balanced_clusters(const Matrix& vectors, const BalancedClusterOptions& options) {
  assert(options.clusters > 0);
  if (vectors.rows == 0) return {};
  const size_t capacity = (vectors.rows + options.clusters - 1) / options.clusters;
  if (capacity == 1) {
    std::vector<uint32_t> alone(vectors.rows);
    for (uint32_t r = 0; r < vectors.rows; ++r) alone[r] = r;
    return alone;
  }
  constexpr double kTolerance = 1e-3;  // in cosine
  Random random(options.seed, kFirstCentresStream);
  const auto x = as_eigen(vectors);
  RowMajorF centres = first_centres(vectors, options.clusters, random);
  Matrix scores(vectors.rows, options.clusters);
  std::vector<uint32_t> assigned;
  for (size_t round = 0; round < options.rounds; ++round) {
    as_eigen(scores).noalias() = x * centres.transpose();
    std::vector<uint32_t> next = assign_within_capacity(scores, capacity, kTolerance);
    if (next == assigned) break;
    assigned = std::move(next);
    centres.setZero();
    for (size_t r = 0; r < vectors.rows; ++r) centres.row(assigned[r]) += x.row(static_cast<Index>(r));
    for (Index c = 0; c < centres.rows(); ++c) {
      const float norm = centres.row(c).norm();
      if (norm > 0) centres.row(c) /= norm;
    }
  }
  return assigned;
}

}  // namespace peapod
