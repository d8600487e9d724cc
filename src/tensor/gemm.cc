#include "tensor/gemm.h"

#include <cassert>
#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "tensor/narrow.h"

namespace peapod {
namespace {

using dnnl::memory;

// Rows and columns of an operand as it lies in memory.
struct Stored {
  size_t rows, cols, stride;
};

Stored stored_a(const GemmShape& s) { return s.op_a == Op::none ? Stored{s.m, s.k, s.lda} : Stored{s.k, s.m, s.lda}; }
Stored stored_b(const GemmShape& s) { return s.op_b == Op::none ? Stored{s.k, s.n, s.ldb} : Stored{s.n, s.k, s.ldb}; }

void sgemm(const GemmShape& s, float alpha, const float* a, const float* b, float beta, float* c) {
  const auto dim = [](size_t n) { return static_cast<dnnl_dim_t>(n); };
  const dnnl_status_t status = dnnl_sgemm(s.op_a == Op::none ? 'N' : 'T', s.op_b == Op::none ? 'N' : 'T', dim(s.m),
                                          dim(s.n), dim(s.k), alpha, a, dim(s.lda), b, dim(s.ldb), beta, c, dim(s.ldc));
  assert(status == dnnl_success);
  (void)status;
}

// Compact bf16 copy of an operand; the buffer belongs to the calling thread.
template <class Value>
const Value* rounded(const float* from, const Stored& stored, std::vector<Value>& buffer) {
  buffer.resize(stored.rows * stored.cols);
  for (size_t r = 0; r < stored.rows; ++r) {
    kernels::round_to_bf16(stored.cols, from + r * stored.stride, buffer.data() + r * stored.cols);
  }
  return buffer.data();
}

}  // namespace

bool cpu_has_bf16() {
  static const bool has = [] {
    const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx;
  }();
  return has;
}

bool cpu_has_int8() {
  static const bool has = [] {
    const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    const auto vnni = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_vnni);
    return (isa & vnni) == vnni;  // the names are sets of bits, each holding what it builds on
  }();
  return has;
}

Precision fastest_precision() {
  return dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx ? Precision::bf16 : Precision::f32;
}

Precision precision_from(std::string_view name) { return kPrecisions.parse(name).value_or(fastest_precision()); }

void gemm(const GemmShape& shape, float alpha, const float* a, const float* b, float beta, float* c,
          Precision precision) {
  if (shape.m == 0 || shape.n == 0) return;
  if (precision != Precision::bf16) return sgemm(shape, alpha, a, b, beta, c);
  const Stored in_a = stored_a(shape);
  const Stored in_b = stored_b(shape);
  if (cpu_has_bf16()) {
    thread_local std::vector<uint16_t> buffer_a, buffer_b;
    gemm(shape, alpha, rounded(a, in_a, buffer_a), rounded(b, in_b, buffer_b), beta, c);
  } else {
    thread_local std::vector<float> buffer_a, buffer_b;
    GemmShape compact = shape;
    compact.lda = in_a.cols;
    compact.ldb = in_b.cols;
    sgemm(compact, alpha, rounded(a, in_a, buffer_a), rounded(b, in_b, buffer_b), beta, c);
  }
}

void gemm(const GemmShape& s, float alpha, const uint16_t* a, const uint16_t* b, float beta, float* c) {
  thread_local dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  thread_local dnnl::stream stream(engine);
  const auto dim = [](size_t n) { return static_cast<memory::dim>(n); };
  // Compact operands: a stored row is k (or m, transposed) long.
  const auto strides = [&](Op op, size_t rows, size_t cols) {
    return op == Op::none ? memory::dims{dim(cols), 1} : memory::dims{1, dim(rows)};
  };
  const memory::desc a_desc({dim(s.m), dim(s.k)}, memory::data_type::bf16, strides(s.op_a, s.m, s.k));
  const memory::desc b_desc({dim(s.k), dim(s.n)}, memory::data_type::bf16, strides(s.op_b, s.k, s.n));
  const memory::desc c_desc({dim(s.m), dim(s.n)}, memory::data_type::f32, memory::dims{dim(s.ldc), 1});
  dnnl::primitive_attr attributes;
  if (alpha != 1.0f) attributes.set_output_scales(0, {alpha});
  if (beta != 0.0f) {
    dnnl::post_ops sum;
    sum.append_sum(beta);
    attributes.set_post_ops(sum);
  }
  // oneDNN keeps built primitives in a cache of its own, keyed by the descriptor.
  const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(a_desc, b_desc, c_desc), attributes, engine);
  dnnl::matmul(descriptor)
      .execute(stream, {{DNNL_ARG_SRC, memory(a_desc, engine, const_cast<uint16_t*>(a))},
                        {DNNL_ARG_WEIGHTS, memory(b_desc, engine, const_cast<uint16_t*>(b))},
                        {DNNL_ARG_DST, memory(c_desc, engine, c)}});
  stream.wait();
}

void gemm(const GemmShape& s, double alpha, const double* a, const double* b, double beta, double* c, Precision) {
  for (size_t i = 0; i < s.m; ++i) {
    for (size_t j = 0; j < s.n; ++j) {
      double sum = 0.0;
      for (size_t l = 0; l < s.k; ++l) {
        sum += (s.op_a == Op::none ? a[i * s.lda + l] : a[l * s.lda + i]) *
               (s.op_b == Op::none ? b[l * s.ldb + j] : b[j * s.ldb + l]);
      }
      double& out = c[i * s.ldc + j];
      out = alpha * sum + (beta == 0.0 ? 0.0 : beta * out);
    }
  }
}

}  // namespace peapod
