// Matrix products, the one thing nearly all time goes into; oneDNN does them. Called from a parallel region a product
// runs on the calling thread alone, outside one it uses all threads. Safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/choices.h"

namespace peapod {

// How the products of the linear layers are computed: in f32 throughout, with operands rounded to bf16 (nearest even)
// and f32 accumulation, or with operands rounded to whole numbers of 8 bits, which is for packed weights
// (tensor/packed_matrix.h); other products are in f32 then. Weights, activations between layers and gradients are kept
// in f32 in any case.
enum class Precision { f32, bf16, int8 };

// True where the processor multiplies bf16 natively (AVX512_BF16 or AMX).
bool cpu_has_bf16();
// True where it multiplies 8-bit integers into sums of 32 bits (VNNI or AMX).
bool cpu_has_int8();

// bf16 where the processor has AMX, else f32: AVX512_BF16 alone gains nothing over f32 (docs/performance.md).
Precision fastest_precision();

// "auto" is no precision yet but leaves the choice to precision_from.
inline constexpr Choices<std::optional<Precision>, 4> kPrecisions{
    "precision",
    {{std::nullopt, "auto"}, {Precision::bf16, "bf16"}, {Precision::f32, "f32"}, {Precision::int8, "int8"}}};

inline std::string_view name_of(Precision precision) { return kPrecisions.name_of(precision); }
// "auto" is fastest_precision(). An explicit "bf16" or "int8" works everywhere: without support the operands are
// rounded and multiplied in f32, which has the same numerics and no gain in speed. Throws Error that lists the names.
Precision precision_from(std::string_view name);

enum class Op { none, transpose };

// c [m, n] = alpha * op(a) op(b) + beta * c, all row-major; lda, ldb, ldc are row strides in elements, of the matrices
// as stored. beta 0 never reads c.
struct GemmShape {
  size_t m, n, k;
  size_t lda, ldb, ldc;
  Op op_a = Op::none, op_b = Op::none;
};

void gemm(const GemmShape& shape, float alpha, const float* a, const float* b, float beta, float* c,
          Precision precision = Precision::f32);
// The same with operands that are bf16 already, each as compact as it can be. REQUIRES: cpu_has_bf16().
void gemm(const GemmShape& shape, float alpha, const uint16_t* a, const uint16_t* b, float beta, float* c);
// The obvious loops; for gradient checks in double precision.
void gemm(const GemmShape& shape, double alpha, const double* a, const double* b, double beta, double* c,
          Precision precision = Precision::f32);

}  // namespace peapod
