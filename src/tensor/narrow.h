// Values made narrow for products and back: bf16, and bytes with a scale for each row. Highway picks the best
// instruction set at run time. Each call works on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace peapod::kernels {

// y = x rounded to bf16, to nearest even: as its 16 bits, or as the f32 of the same value.
void round_to_bf16(size_t n, const float* x, uint16_t* y);
void round_to_bf16(size_t n, const float* x, float* y);

// Rounds rows to bytes, x ≈ scale * (byte - kZeroPoint). The scale of a row makes its largest absolute value 127; it is
// NaN for a row that holds NaN or infinity. x and bytes [rows, cols], scales [rows].
inline constexpr int32_t kZeroPoint = 128;
void quantise(size_t rows, size_t cols, const float* x, uint8_t* bytes, float* scales);
// A bound on the Euclidean distance between a row of `cols` values, none larger than `largest` in absolute value, and
// the row that its bytes stand for.
double quantisation_error(size_t cols, float largest);

// What a product does with the memory of its result: overwrites it, adds to it, or overwrites it with the result's
// ReLU.
enum class Into { write, add, relu };
// Turns integer sums of products of such bytes into f32: (sums - offsets) * row_scales * col_scales into y. sums
// [rows, cols], row_scales [rows], offsets and col_scales [cols].
struct Sums {
  size_t rows, cols;
  size_t stride;  // of a row of y
};
void dequantise(const Sums& shape, const int32_t* sums, const float* row_scales, const float* col_scales,
                const int32_t* offsets, float* y, Into into);
// Index of the first sum that is at least bound * factors[i] above its offset; n where none is.
size_t first_at_least(size_t n, const int32_t* sums, const int32_t* offsets, const float* factors, float bound);

}  // namespace peapod::kernels
