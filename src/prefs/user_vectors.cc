#include "prefs/user_vectors.h"

#include <utility>

namespace peapod {

UserVectors UserVectors::fit(const Histories& train, uint32_t num_items, const PmfOptions& options) {
  UserVectors vectors;
  vectors.pmf_ = Pmf::fit(train, num_items, options);
  vectors.standardiser_ = Standardiser::of(vectors.pmf_->fold_in_all(train));
  return vectors;
}

UserVectors UserVectors::from_parts(Matrix item_factors, Standardiser standardiser, const PmfOptions& options) {
  UserVectors vectors;
  vectors.pmf_ = Pmf::from_item_factors(std::move(item_factors), options);
  vectors.standardiser_ = std::move(standardiser);
  return vectors;
}

std::vector<float> UserVectors::of(std::span<const uint32_t> items) const {
  std::vector<float> vector(pmf_->dim());
  pmf_->fold_in(items, vector);
  standardiser_.apply(vector);
  return vector;
}

Matrix UserVectors::of_all(const Histories& histories) const {
  Matrix vectors = pmf_->fold_in_all(histories);
  for (size_t row = 0; row < vectors.rows; ++row) standardiser_.apply(vectors.row(row));
  return vectors;
}

}  // namespace peapod
