// Copies of weight matrices, laid out once for many products: in oneDNN's blocked layout, in the precision of the
// products. Inference multiplies with them, and so does training in bf16. A weight that changes has to be packed again.
// Const methods are safe from any thread. Called from a parallel region a product runs on the calling thread alone,
// outside one it uses all threads.
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
  // Packs weight [out, in], row-major; with Op::transpose its memory holds the transpose, [in, out]. In int8 each row
  // has a scale of its own that makes its largest absolute value 127. REQUIRES, with Op::transpose: f32, or bf16 and
  // cpu_has_bf16().
  PackedMatrix(size_t out, size_t in, const float* weight, Precision precision, Op stored = Op::none);
  ~PackedMatrix();
  PackedMatrix(PackedMatrix&&) noexcept;
  PackedMatrix& operator=(PackedMatrix&&) noexcept;

  size_t out() const { return out_; }
  size_t in() const { return in_; }

  using Into = kernels::Into;
  // Writes x weightᵀ into y [rows, out], adds it or writes its ReLU; x [rows, in]. In bf16 and int8, x is rounded as
  // the weight was, in int8 with a scale for each row of x. Products of bf16 are summed in f32, those of int8 exactly,
  // in 32-bit integers. In int8 a row of x or of the weight that holds NaN or infinity makes NaN of every result that
  // it has a part in.
  void multiply(size_t rows, const float* x, float* y, Into into = Into::write) const;
  // The same for an x whose values are bf16 already. REQUIRES: cpu_has_bf16() and a matrix packed in bf16.
  void multiply(size_t rows, const uint16_t* x, float* y, Into into) const;

  // The integer sums behind a product in int8, for a caller that compares sums instead of turning them into f32. x
  // [rows, in] are bytes made by kernels::quantise(), sums [rows, out]. Element (r, j) of the product is
  // (sums[r, j] - offsets()[j]) * scales()[j] * (the scale of row r of x). REQUIRES: cpu_has_int8(), and a matrix
  // packed in int8 with at most kMostSums outputs.
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

// Packed copies of weights, each found by the address of its weight.
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
