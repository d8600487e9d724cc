// What composers see of users: vectors that matrix factorisation folds in from histories, standardised over the
// training users. Const methods are safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "prefs/pmf.h"

namespace peapod {

class UserVectors {
 public:
  // Of nobody: what has no use for the numbers themselves, e.g. a made network, needs none.
  UserVectors() = default;

  // Fits factors and standardisation on the training histories. Throws what Pmf::fit() throws.
  static UserVectors fit(const Histories& train, uint32_t num_items, const PmfOptions& options);
  // The same object from what it was made of. Throws what Pmf::from_item_factors() throws.
  static UserVectors from_parts(Matrix item_factors, Standardiser standardiser, const PmfOptions& options);

  // The vector of somebody who did this [dim]. REQUIRES: an object that was fitted or made from parts.
  std::vector<float> of(std::span<const uint32_t> items) const;
  // The same of many, on all threads: [histories, dim].
  Matrix of_all(const Histories& histories) const;

  const Matrix& item_factors() const { return pmf_->item_factors(); }
  const Standardiser& standardiser() const { return standardiser_; }

 private:
  std::optional<Pmf> pmf_;
  Standardiser standardiser_;
};

}  // namespace peapod
