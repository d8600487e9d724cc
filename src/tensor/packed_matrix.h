// Weight matrices laid out once for many products: in oneDNN's blocked layout, in the precision of the products. What
// inference multiplies with, and training in bf16; a copy, so weights that change have to be packed again. Const
// methods are safe from any thread. Called from a parallel region a product runs on the calling thread alone, outside
// one it uses all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "tensor/gemm.h"
#include "tensor/narrow.h"

namespace peapod {

class PackedMatrix {
 public:
  // weight [out, in], row-major; with Op::transpose, which int8 does not have, it lies there as [in, out]. In int8 each
  // row has a scale of its own, so that its largest value becomes 127.
  PackedMatrix(size_t out, size_t in, const float* weight, Precision precision, Op stored = Op::none);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;

  size_t out() const { return out_; }
  size_t in() const { return in_; }

  using Into = kernels::Into;
  // x weightᵀ into y [rows, out], x [rows, in]. In bf16 and int8 x is rounded as the weights are, in int8 with a scale
  // for each row; sums are exact or in f32. In int8 a row of x or weight that is not finite makes NaNs of all its
  // results.
  void multiply(size_t rows, const float* x, float* y, Into into = Into::write) const;
  // The same for an x that is bf16 already. REQUIRES: cpu_has_bf16() and a matrix packed in bf16.
  void multiply(size_t rows, const uint16_t* x, float* y, Into into) const;

  // In int8 a product is (sum - offsets()[j]) * scales()[j] * the scale of x's row. The sums [rows, out] alone, for
  // those who compare them, of bytes x [rows, in] (kernels::quantise). REQUIRES: cpu_has_int8() and a matrix packed in
  // int8 with kMostSums outputs at most.
  static constexpr size_t kMostSums = 1024;
  void multiply(size_t rows, const uint8_t* x, int32_t* sums) const;
  std::span<const int32_t> offsets() const;
  std::span<const float> scales() const;

 private:
  struct Layout;
  void execute(size_t rows, const void* x, float* y, Into into) const;
  void multiply_in_panels(size_t rows, const float* x, float* y, Into into) const;
  void emulate(size_t rows, const float* x, float* y, Into into) const;

  size_t out_, in_;
  Precision precision_;
  std::unique_ptr<Layout> layout_;
};

// The weight [out, in] of a linear layer.
struct PackedLayer {
  PackedMatrix forward;                  // y = x weightᵀ
  std::optional<PackedMatrix> backward;  // dx = dy weight; for training
};

// Both parts in bf16. REQUIRES: cpu_has_bf16().
PackedLayer packed_for_training(size_t out, size_t in, const float* weight);

// The packed copies of weights that live elsewhere, found by their address.
class PackedWeights {
 public:
  // Packs weight [out, in] for inference.
  void add(size_t out, size_t in, const float* weight, Precision precision);
  // Keeps a layer packed by the caller.
  void add(const float* weight, PackedLayer layer);

  // Null for a weight that was not added.
  const PackedLayer* find(const float* weight) const;

  void clear() { layers_.clear(); }

 private:
  std::unordered_map<const float*, PackedLayer> layers_;
};

}  // namespace peapod
