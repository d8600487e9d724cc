// Eigen as prefs/ uses it, for `.cc` files only: one thread a call (the parallel loops are ours, so results do not
// depend on the number of threads), with views of the project's matrices.
#pragma once

#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Dense>

#include "base/matrix.h"

namespace peapod {

using RowMajorF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowMajorD = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Views; valid while `matrix` lives and keeps its size.
inline Eigen::Map<const RowMajorF> as_eigen(const Matrix& matrix) {
  return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows), static_cast<Eigen::Index>(matrix.cols)};
}
inline Eigen::Map<RowMajorF> as_eigen(Matrix& matrix) {
  return {matrix.values.data(), static_cast<Eigen::Index>(matrix.rows), static_cast<Eigen::Index>(matrix.cols)};
}

}  // namespace peapod
