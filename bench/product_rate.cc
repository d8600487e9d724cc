#include "bench/product_rate.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/threads.h"
#include "tensor/bfloat16.h"
#include "tensor/gemm.h"
#include "tensor/packed_matrix.h"

namespace peapod {
namespace {

// Operands of all layers' products on one thread. Values do not matter, but zeros might be faster.
class Products {
 public:
  Products(std::span<const Tensor<const float>> weights, std::span<const PackedLayer> packed, size_t rows)
      : weights_(weights), packed_(packed), rows_(rows) {
    size_t width = 0, size = 0;
    for (const auto& weight : weights) {
      width = std::max({width, weight.rows, weight.cols});
      size = std::max(size, weight.size());
    }
    x_.assign(rows * width, 1.0f);
    x16_.assign(rows * width, to_bfloat16(1.0f));
    result_.resize(std::max(rows * width, size));
  }

  // Each layer forward, and the gradients of its input and of its weight.
  void run() {
    float* y = result_.data();
    for (size_t i = 0; i < weights_.size(); ++i) {
      const auto& [weight, out, in] = weights_[i];
      const GemmShape for_weight{
          .m = out, .n = in, .k = rows_, .lda = out, .ldb = in, .ldc = in, .op_a = Op::transpose};
      if (packed_.empty()) {
        gemm({.m = rows_, .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .op_b = Op::transpose}, 1.0f, x_.data(),
             weight, 0.0f, y);
        gemm({.m = rows_, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in}, 1.0f, x_.data(), weight, 0.0f, y);
        gemm(for_weight, 1.0f, x_.data(), x_.data(), 0.0f, y);
      } else {
        packed_[i].forward.multiply(rows_, x16_.data(), y, PackedMatrix::Into::write);
        packed_[i].backward->multiply(rows_, x16_.data(), y, PackedMatrix::Into::write);
        gemm(for_weight, 1.0f, x16_.data(), x16_.data(), 0.0f, y);
      }
    }
  }

 private:
  std::span<const Tensor<const float>> weights_;
  std::span<const PackedLayer> packed_;
  size_t rows_;
  std::vector<float> x_, result_;
  std::vector<uint16_t> x16_;
};

}  // namespace

double product_rate(const Seq2Seq<float>& network, Precision precision, size_t rows) {
  const auto weights = network.t5().linear_weights();
  std::vector<PackedLayer> packed;
  double flops = 0;
  for (const auto& weight : weights) {
    flops += 3.0 * 2.0 * static_cast<double>(rows * weight.size());
    if (precision == Precision::bf16 && cpu_has_bf16())
      packed.push_back(packed_for_training(weight.rows, weight.cols, weight.data));
  }
  std::chrono::steady_clock::time_point start, end;
#pragma omp parallel
  {
    Products products(weights, packed, rows);
    products.run();  // builds what oneDNN builds once
#pragma omp barrier
#pragma omp single
    start = std::chrono::steady_clock::now();
    products.run();
#pragma omp barrier
#pragma omp single
    end = std::chrono::steady_clock::now();
  }
  return static_cast<double>(num_threads()) * flops / std::chrono::duration<double>(end - start).count();
}

}  // namespace peapod
