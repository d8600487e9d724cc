#include "prefs/pmf.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "prefs/eigen.h"
#include "prefs/occurrences.h"

namespace peapod {
namespace {

using Eigen::Index;

// Streams of the seed: one for each item's first factors.
constexpr uint64_t first_factors_stream(uint32_t item) { return item; }

void check(const PmfOptions& options) {
  if (options.dim == 0) throw Error("PMF", "the number of dimensions is 0", "use at least 1");
  if (!(options.confidence > 0) || !std::isfinite(options.confidence)) {
    throw Error("PMF", "the confidence is not a positive number", "use a value such as 10");
  }
  if (!(options.regularisation > 0) || !std::isfinite(options.regularisation)) {
    throw Error("PMF", "the regularisation is not a positive number", "use a value such as 10");
  }
}

// Y^T Y + ridge * I. Blocks of fixed size are summed in order, so the threads do not show in the result.
RowMajorD gram_matrix(const Matrix& factors, double ridge) {
  constexpr size_t kBlockRows = 2048;
  const auto y = as_eigen(factors);
  const size_t num_blocks = (factors.rows + kBlockRows - 1) / kBlockRows;
  std::vector<RowMajorD> partial(num_blocks);
#pragma omp parallel for
  for (size_t b = 0; b < num_blocks; ++b) {
    const size_t rows = std::min(kBlockRows, factors.rows - b * kBlockRows);
    const auto block = y.middleRows(static_cast<Index>(b * kBlockRows), static_cast<Index>(rows)).cast<double>().eval();
    partial[b] = block.transpose() * block;
  }
  const Index dim = static_cast<Index>(factors.cols);
  RowMajorD gram = RowMajorD::Identity(dim, dim) * ridge;
  for (const RowMajorD& part : partial) gram += part;
  return gram;
}

// The users of each item, as histories of an item; `storage` holds what the spans view.
Histories transposed(const Histories& histories, uint32_t num_items, std::vector<uint32_t>& storage) {
  const Occurrences occurrences(histories, num_items);
  storage.reserve(occurrences.size());  // the spans stay valid
  Histories users_of(num_items);
  for (uint32_t item = 0; item < num_items; ++item) {
    const uint32_t* first = storage.data() + storage.size();
    for (const Occurrence& occurrence : occurrences.of(item)) storage.push_back(occurrence.user);
    users_of[item] = {first, occurrences.of(item).size()};
  }
  return users_of;
}

RowMajorD gathered(const Matrix& matrix, std::span<const uint32_t> rows) {
  RowMajorD result(static_cast<Index>(rows.size()), static_cast<Index>(matrix.cols));
  const auto source = as_eigen(matrix);
  for (size_t r = 0; r < rows.size(); ++r) result.row(static_cast<Index>(r)) = source.row(rows[r]).cast<double>();
  return result;
}

}  // namespace

Pmf Pmf::fit(const Histories& train, uint32_t num_items, const PmfOptions& options) {
  check(options);
  std::vector<uint32_t> storage;
  const Histories users_of = transposed(train, num_items, storage);
  Matrix items(num_items, options.dim);
  const double deviation = 0.1 / std::sqrt(static_cast<double>(options.dim));
  for (uint32_t i = 0; i < num_items; ++i) {
    Random random(options.seed, first_factors_stream(i));
    for (float& value : items.row(i)) value = static_cast<float>(deviation * random.normal());
  }
  // Either half of a sweep is a fold-in: of users into item factors, then of items into user factors.
  for (size_t sweep = 0; sweep < options.sweeps; ++sweep) {
    Matrix users = from_item_factors(std::move(items), options).fold_in_all(train);
    items = from_item_factors(std::move(users), options).fold_in_all(users_of);
  }
  return from_item_factors(std::move(items), options);
}

Pmf Pmf::from_item_factors(Matrix item_factors, const PmfOptions& options) {
  check(options);
  if (!std::ranges::all_of(item_factors.values, [](float value) { return std::isfinite(value); })) {
    throw Error("item factors", "a value is not finite", "fit them again");
  }
  Pmf pmf;
  pmf.confidence_ = options.confidence;
  const RowMajorD gram = gram_matrix(item_factors, options.regularisation);
  pmf.gram_.assign(gram.data(), gram.data() + gram.size());
  pmf.projected_ = Matrix(item_factors.rows, item_factors.cols);
  const RowMajorD inverse = gram.llt().solve(RowMajorD::Identity(gram.rows(), gram.cols()));
  const auto y = as_eigen(item_factors);
  auto projected = as_eigen(pmf.projected_);
#pragma omp parallel for
  for (Index r = 0; r < y.rows(); ++r) projected.row(r) = (y.row(r).cast<double>() * inverse).cast<float>();
  pmf.factors_ = std::move(item_factors);
  return pmf;
}

void Pmf::fold_in(std::span<const uint32_t> items, std::span<float> user_vector) const {
  assert(user_vector.size() == dim());
  std::vector<uint32_t> distinct(items.begin(), items.end());
  std::ranges::sort(distinct);
  std::vector<double> counts;
  counts.reserve(items.size());
  size_t kept = 0;
  for (uint32_t item : distinct) {
    assert(item < factors_.rows);
    if (kept > 0 && distinct[kept - 1] == item) {
      counts.back() += 1.0;
    } else {
      distinct[kept++] = item;
      counts.push_back(1.0);
    }
  }
  distinct.resize(kept);
  if (kept == 0) {
    std::ranges::fill(user_vector, 0.0f);
  } else if (kept <= dim()) {
    solve_by_items(distinct, counts, user_vector);
  } else {
    solve_by_dims(distinct, counts, user_vector);
  }
}

// With Y the rows of the history and C = diag(confidence * counts), the normal equations are
//   (G + Y^T C Y) x = Y^T (1 + c)
// and by the push-through identity
//   x = (Y G^-1)^T s,   (C^-1 + Y G^-1 Y^T) s = C^-1 (1 + c),
// a system as large as the history instead of dim.
void Pmf::solve_by_items(std::span<const uint32_t> distinct, std::span<const double> counts,
                         std::span<float> out) const {
  const RowMajorD y = gathered(factors_, distinct);
  const RowMajorD z = gathered(projected_, distinct);
  RowMajorD system = y * z.transpose();
  Eigen::VectorXd right(y.rows());
  for (Index r = 0; r < y.rows(); ++r) {
    const double inverse_weight = 1.0 / (confidence_ * counts[static_cast<size_t>(r)]);
    system(r, r) += inverse_weight;
    right(r) = 1.0 + inverse_weight;
  }
  const Eigen::VectorXd s = system.llt().solve(right);
  Eigen::Map<Eigen::VectorXf>(out.data(), static_cast<Index>(out.size())) = (z.transpose() * s).cast<float>();
}

// The normal equations themselves; for histories longer than dim.
void Pmf::solve_by_dims(std::span<const uint32_t> distinct, std::span<const double> counts,
                        std::span<float> out) const {
  const Index dims = static_cast<Index>(dim());
  const RowMajorD y = gathered(factors_, distinct);
  const auto weights = Eigen::Map<const Eigen::VectorXd>(counts.data(), y.rows()) * confidence_;
  RowMajorD system = Eigen::Map<const RowMajorD>(gram_.data(), dims, dims);
  system.noalias() += y.transpose() * (weights.asDiagonal() * y);
  const Eigen::VectorXd right = y.transpose() * (weights.array() + 1.0).matrix();
  Eigen::Map<Eigen::VectorXf>(out.data(), dims) = system.llt().solve(right).cast<float>();
}

void Pmf::score(std::span<const uint32_t> items, std::span<float> scores) const {
  assert(scores.size() == factors_.rows);
  Eigen::VectorXf user(static_cast<Index>(dim()));
  fold_in(items, {user.data(), dim()});
  Eigen::Map<Eigen::VectorXf>(scores.data(), static_cast<Index>(scores.size())).noalias() = as_eigen(factors_) * user;
}

Matrix Pmf::fold_in_all(const Histories& histories) const {
  Matrix vectors(histories.size(), dim());
#pragma omp parallel for schedule(dynamic, 64)
  for (size_t user = 0; user < histories.size(); ++user) fold_in(histories[user], vectors.row(user));
  return vectors;
}

Standardiser Standardiser::of(const Matrix& vectors) {
  if (vectors.rows == 0) throw Error("standardiser", "there are no user vectors", "give it at least one");
  const auto rows = as_eigen(vectors).cast<double>().array();
  const Eigen::ArrayXd mean = rows.colwise().mean();
  const Eigen::ArrayXd deviation = (rows.rowwise() - mean.transpose()).square().colwise().mean().sqrt();
  Standardiser result;
  for (Index d = 0; d < mean.size(); ++d) {
    // Rounding leaves a constant dimension with a deviation about 1e-8 of its size.
    const bool constant = deviation(d) <= 1e-6 * std::abs(mean(d));
    result.mean.push_back(static_cast<float>(mean(d)));
    result.scale.push_back(constant ? 1.0f : static_cast<float>(1.0 / deviation(d)));
  }
  return result;
}

void Standardiser::apply(std::span<float> vector) const {
  assert(vector.size() == mean.size());
  for (size_t d = 0; d < mean.size(); ++d) vector[d] = (vector[d] - mean[d]) * scale[d];
}

}  // namespace peapod
