// Weight matrices laid out once for many products: in oneDNN's blocked layout, in the precision of the products. What
// inference multiplies with; a copy, so weights that change have to be packed again. Const methods are safe from any
// thread. Called from a parallel region a product runs on the calling thread alone, outside one it uses all threads.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "tensor/gemm.h"

namespace peapod {

class PackedMatrix {
 public:
  // weight [out, in], row-major. In int8 each row has a scale of its own, so that its largest value becomes 127.
  PackedMatrix(size_t out, size_t in, const float* weight, Precision precision);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;

  size_t out() const { return out_; }
  size_t in() const { return in_; }

  // y [rows, out] = x weightᵀ, x [rows, in]. In bf16 and int8 x is rounded as the weights are, in int8 with a scale for
  // each row; sums are exact or in f32. REQUIRES: finite x in int8.
  void multiply(size_t rows, const float* x, float* y) const;

 private:
  struct Layout;
  void multiply_piece(size_t rows, const float* x, float* y) const;
  void emulate_piece(size_t rows, const float* x, float* y) const;

  size_t out_, in_;
  Precision precision_;
  std::unique_ptr<Layout> layout_;
};

// The packed copies of matrices that live elsewhere, found by their address.
class PackedWeights {
 public:
  // Packs weight [out, in], which is to stay where it is and as it is.
  void add(size_t out, size_t in, const float* weight, Precision precision);

  // Null for a matrix that was not added.
  const PackedMatrix* find(const float* weight) const;

 private:
  std::unordered_map<const float*, PackedMatrix> matrices_;
};

}  // namespace peapod
