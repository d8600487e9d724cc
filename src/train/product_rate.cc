#include "train/product_rate.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/threads.h"
#include "tensor/bfloat16.h"
#include "tensor/gemm.h"

namespace peapod {
namespace {

// A layer forward, and the gradients of its input and of its weight. Values do not matter, but zeros might be faster.
template <class Value>
class Products {
 public:
  Products(size_t rows, std::span<const Tensor<const float>> weights, Value one) : rows_(rows) {
    size_t out = 0, in = 0, size = 0;
    for (const auto& weight : weights) {
      out = std::max(out, weight.rows);
      in = std::max(in, weight.cols);
      size = std::max(size, weight.size());
    }
    x_.assign(rows * in, one);
    up_.assign(rows * out, one);
    weight_.assign(size, one);
    result_.resize(std::max({rows * in, rows * out, size}));
  }

  void run(size_t out, size_t in) {
    float* y = result_.data();
    gemm({.m = rows_, .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .op_b = Op::transpose}, 1.0f, x_.data(),
         weight_.data(), 0.0f, y);
    gemm({.m = rows_, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in}, 1.0f, up_.data(), weight_.data(), 0.0f, y);
    gemm({.m = out, .n = in, .k = rows_, .lda = out, .ldb = in, .ldc = in, .op_a = Op::transpose}, 1.0f, up_.data(),
         x_.data(), 0.0f, y);
  }

 private:
  size_t rows_;
  std::vector<Value> x_, up_, weight_;
  std::vector<float> result_;
};

template <class Value>
double seconds(size_t rows, std::span<const Tensor<const float>> weights, Value one) {
  std::chrono::steady_clock::time_point start, end;
#pragma omp parallel
  {
    Products<Value> products(rows, weights, one);
    products.run(weights.front().rows, weights.front().cols);  // builds what oneDNN builds once
#pragma omp barrier
#pragma omp single
    start = std::chrono::steady_clock::now();
    for (const auto& weight : weights) products.run(weight.rows, weight.cols);
#pragma omp barrier
#pragma omp single
    end = std::chrono::steady_clock::now();
  }
  return std::chrono::duration<double>(end - start).count();
}

}  // namespace

double product_rate(const Seq2Seq<float>& network, Precision precision, size_t rows) {
  const auto weights = network.t5().linear_weights();
  double flops = 0;
  for (const auto& weight : weights) flops += 3.0 * 2.0 * static_cast<double>(rows * weight.size());
  const double time = precision == Precision::bf16 && cpu_has_bf16()
                          ? seconds<uint16_t>(rows, weights, to_bfloat16(1.0f))
                          : seconds<float>(rows, weights, 1.0f);
  return static_cast<double>(num_threads()) * flops / time;
}

}  // namespace peapod
