// The vector loops between matrix products. f32 versions use Highway and pick the best instruction set at run time;
// f64 versions are the plain loops of kernels_reference.h, which the f32 ones are tested against. Each call works on
// the calling thread; callers split work between threads.
//
// Dropout: tensor/dropout_mask.h says which elements are kept; those are scaled by 1 / (1 - p). p is rounded to a
// multiple of 2^-16; 0 keeps everything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/kernels_reference.h"

namespace peapod::kernels {

// Rows of attention scores [rows, cols] (row stride `stride`) with what a row may see and the bias it gets.
struct ScoreBlock {
  size_t rows, cols, stride;
  // Row r sees columns [0, visible): cols, or with `causal` first_row + r + 1 at most.
  bool causal = false;
  size_t first_row = 0;  // position of row 0 in the whole query
  float dropout = 0.0f;  // of the probabilities; rows have masks of their own
  uint32_t seed = 0;

  size_t visible(size_t r) const { return causal && first_row + r + 1 < cols ? first_row + r + 1 : cols; }
};

// scores += bias (bias of row r, column j is bias[j - r]; null: none), softmax over the visible columns and dropout of
// the block's in place, zeros elsewhere; log_sums [rows] receives each row's log of the sum of exponentials.
void softmax(const ScoreBlock& block, float* scores, const float* bias, float* log_sums);
// From the same scores and log_sums again: `scores` becomes what softmax() made of it; d_probabilities, the gradient of
// that, becomes the gradient of the scores, probabilities * (dropout(d_probabilities) - row_dots).
void softmax_backward(const ScoreBlock& block, const float* bias, const float* log_sums, const float* row_dots,
                      float* scores, float* d_probabilities);

// y = dropout(x); x may be y.
void copy_dropout(size_t n, const float* x, float* y, float p, uint32_t seed);
// y = x + dropout(z); y may be x.
void add_dropout(size_t n, const float* x, const float* z, float* y, float p, uint32_t seed);
// y = dropout(max(x, 0)); backward: dx = or += dy masked where y is positive before dropout.
struct ReluBackward {
  size_t n;
  bool add;  // to dx; else it is written
};
void relu_dropout(size_t n, const float* x, float* y, float p, uint32_t seed);
void relu_dropout_backward(const ReluBackward& shape, const float* x, const float* dy, float* dx, float p,
                           uint32_t seed);
// y += a * x.
void axpy(size_t n, float a, const float* x, float* y);
float dot(size_t n, const float* x, const float* y);
// Index of the first value that is at least `bound`; n where none is.
size_t first_at_least(size_t n, const float* x, float bound);

// y = x / rms(x) * weight for each of `rows` rows of `cols`; inverse_rms [rows] is kept for the backward pass.
void rms_norm(size_t rows, size_t cols, const float* x, const float* weight, float epsilon, float* y,
              float* inverse_rms);
// dx = … or += …, d_weight += … (either may be null).
struct NormBackward {
  size_t rows, cols;
  bool add;  // to dx; else it is written
};
void rms_norm_backward(const NormBackward& shape, const float* x, const float* weight, const float* inverse_rms,
                       const float* dy, float* dx, float* d_weight);

// Log of the sum of exponentials of a row.
float log_sum_exp(size_t n, const float* x);
// x = scale * exp(x - log_sum), in place.
void exp_shifted(size_t n, float* x, float log_sum, float scale);

// One AdamW update (Loshchilov & Hutter 2019, algorithm 2) of n weights. `step_size` is the learning rate over the
// first moment's bias correction; `second_correction` is 1 / sqrt(1 - beta2^t); `decay` is learning rate times weight
// decay; `grad_scale` multiplies the gradient first (clipping).
struct AdamStep {
  float beta1, beta2, epsilon, step_size, second_correction, decay, grad_scale;
};
void adamw(size_t n, const AdamStep& step, const float* grad, float* m, float* v, float* weights);

// Attention of one query, all heads [heads * head_dim], over `length` positions whose keys [heads * head_dim] and,
// right behind them, values stand at keys_values[0 … length). Scores are not scaled; `bias` [heads, length] is added to
// them. `scores` [length] is scratch; out [heads * head_dim].
struct CachedAttention {
  size_t heads, head_dim, length;
};
void attend(const CachedAttention& shape, const float* q, const float* const* keys_values, const float* bias,
            float* scores, float* out);

// The f64 overloads, for gradient checks.
inline void softmax(const ScoreBlock& b, double* s, const double* bias, double* log_sums) {
  reference::softmax(b, s, bias, log_sums);
}
inline void softmax_backward(const ScoreBlock& b, const double* bias, const double* log_sums, const double* dots,
                             double* s, double* dp) {
  reference::softmax_backward(b, bias, log_sums, dots, s, dp);
}
inline void copy_dropout(size_t n, const double* x, double* y, double p, uint32_t seed) {
  reference::copy_dropout(n, x, y, p, seed);
}
inline void add_dropout(size_t n, const double* x, const double* z, double* y, double p, uint32_t seed) {
  reference::add_dropout(n, x, z, y, p, seed);
}
inline void relu_dropout(size_t n, const double* x, double* y, double p, uint32_t seed) {
  reference::relu_dropout(n, x, y, p, seed);
}
inline void relu_dropout_backward(const ReluBackward& shape, const double* x, const double* dy, double* dx, double p,
                                  uint32_t seed) {
  reference::relu_dropout_backward(shape, x, dy, dx, p, seed);
}
inline void axpy(size_t n, double a, const double* x, double* y) { reference::axpy(n, a, x, y); }
inline double dot(size_t n, const double* x, const double* y) { return reference::dot(n, x, y); }
inline void rms_norm(size_t rows, size_t cols, const double* x, const double* weight, double epsilon, double* y,
                     double* inverse_rms) {
  reference::rms_norm(rows, cols, x, weight, epsilon, y, inverse_rms);
}
inline void rms_norm_backward(const NormBackward& shape, const double* x, const double* weight,
                              const double* inverse_rms, const double* dy, double* dx, double* d_weight) {
  reference::rms_norm_backward(shape, x, weight, inverse_rms, dy, dx, d_weight);
}
inline void attend(const CachedAttention& shape, const double* q, const double* const* keys_values, const double* bias,
                   double* scores, double* out) {
  reference::attend(shape, q, keys_values, bias, scores, out);
}
inline double log_sum_exp(size_t n, const double* x) { return reference::log_sum_exp(n, x); }
inline void exp_shifted(size_t n, double* x, double log_sum, double scale) {
  reference::exp_shifted(n, x, log_sum, scale);
}

}  // namespace peapod::kernels
