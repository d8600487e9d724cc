// User and item vectors from implicit feedback, by alternating least squares (Hu, Koren, Volinsky, "Collaborative
// Filtering for Implicit Feedback Datasets", ICDM 2008). Fitted once on the training histories; afterwards every user
// vector is folded in from a history, in training, evaluation and service alike. Const methods are safe from any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "data/dataset.h"

namespace peapod {

// The objective is  sum over users u and items i of c_ui (p_ui - x_u . y_i)^2  +  regularisation * (|X|^2 + |Y|^2)
// where p_ui is 1 if u has i and 0 otherwise, and c_ui = 1 + confidence * (times that u has i).
struct PmfOptions {
  size_t dim = 64;
  size_t sweeps = 15;            // of users, then items; 0 leaves the random start
  double confidence = 100.0;     // positive; tuned on Beauty's validation split, as is the next
  double regularisation = 30.0;  // positive
  uint64_t seed = 1;             // of the random start
};

class Pmf {
 public:
  // Fits item factors. Every item index must be below num_items; an item without interactions gets zeros. The result
  // is the same for any number of threads. Throws Error for options out of range.
  static Pmf fit(const Histories& train, uint32_t num_items, const PmfOptions& options = {});

  // The same object from stored factors [num_items, dim]. Of the options, confidence and regularisation count; they
  // must be those of the fit. Throws Error for options out of range or factors that are not finite.
  static Pmf from_item_factors(Matrix item_factors, const PmfOptions& options = {});

  const Matrix& item_factors() const { return factors_; }  // [num_items, dim]
  size_t dim() const { return factors_.cols; }

  // The user vector that minimises the objective for a user with these items (order does not matter, a repeated item
  // weighs more): what a sweep computes. `user_vector` has dim() entries; zeros for no items. A few microseconds.
  // REQUIRES: every item is below item_factors().rows.
  void fold_in(std::span<const uint32_t> items, std::span<float> user_vector) const;

  // Overwrites `scores` [num_items] with x . y_j, x being the vector that is folded in from `items`: how the model
  // alone ranks. REQUIRES as fold_in().
  void score(std::span<const uint32_t> items, std::span<float> scores) const;

  // fold_in of every history, on all threads: [histories.size(), dim].
  Matrix fold_in_all(const Histories& histories) const;

 private:
  Pmf() = default;
  void solve_by_items(std::span<const uint32_t> distinct, std::span<const double> counts, std::span<float> out) const;
  void solve_by_dims(std::span<const uint32_t> distinct, std::span<const double> counts, std::span<float> out) const;

  Matrix factors_;            // Y: [num_items, dim]
  Matrix projected_;          // Y G^-1: [num_items, dim]
  std::vector<double> gram_;  // G = Y^T Y + regularisation * I: [dim, dim]
  double confidence_ = 0.0;
};

// Shifts and scales each dimension to mean 0 and deviation 1 over the rows it was made from. A composer sees user
// vectors in this form.
struct Standardiser {
  std::vector<float> mean;   // [dim]
  std::vector<float> scale;  // [dim], one over the standard deviation; 1 where a dimension is constant

  // Throws Error for a matrix without rows.
  static Standardiser of(const Matrix& vectors);

  // In place. REQUIRES: vector.size() == mean.size().
  void apply(std::span<float> vector) const;
};

}  // namespace peapod
