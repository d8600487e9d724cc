// A dense row-major f32 matrix that owns its values; what preference vectors are kept in.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace peapod {

struct Matrix {
  size_t rows = 0;
  size_t cols = 0;
  std::vector<float> values;  // [rows, cols]

  Matrix() = default;
  Matrix(size_t num_rows, size_t num_cols) : rows(num_rows), cols(num_cols), values(num_rows * num_cols) {}

  std::span<float> row(size_t r) { return {values.data() + r * cols, cols}; }
  std::span<const float> row(size_t r) const { return {values.data() + r * cols, cols}; }
};

}  // namespace peapod
