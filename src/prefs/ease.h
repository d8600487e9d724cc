// EASE: a linear model that predicts each item from all others at once, in closed form (Steck, "Embarrassingly Shallow
// Autoencoders for Sparse Data", WWW 2019). A strong simple method where the catalogue is small, so results name it.
// Immutable once built, so safe from any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.h"
#include "data/split.h"

namespace peapod {

// What EASE needs grows with the square of the catalogue in memory and with its cube in time: at this many items 3.6 GB
// and some minutes.
inline constexpr uint32_t kMostEaseItems = 30000;

struct EaseOptions {
  double regularisation = 100.0;  // lambda, positive
};

class Ease {
 public:
  // B = I - P diag(1 / diag P), P = (X^T X + lambda I)^-1, with X [users, items] 1 where a training history has the
  // item: the B with zeros on its diagonal that minimises |X - X B|^2 + lambda |B|^2. In f32. Uses all threads; the
  // result does not depend on their number. REQUIRES: items below `num_items`. Throws Error for options out of range,
  // and for more than kMostEaseItems items before anything is allocated.
  Ease(const Histories& train, uint32_t num_items, const EaseOptions& options);

  const Matrix& weights() const { return weights_; }  // B: [num_items, num_items]

  // Overwrites `scores` [num_items] with x B, x being 1 for the items of the history, in any order and however often
  // they occur. The history's own items are scored like any other.
  void score(std::span<const uint32_t> history, std::span<float> scores) const;

 private:
  Matrix weights_;
};

}  // namespace peapod
