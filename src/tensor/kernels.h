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

// Attention scores of some query rows with all keys [rows, cols], row stride `stride`. Row r sees the columns before
// visible(r): all of them or, with `causal`, those up to its own position.
struct ScoreBlock {
  size_t rows, cols, stride;
  bool causal = false;
  size_t first_row = 0;  // position of row 0 among the query rows of its example
  float dropout = 0.0f;  // of the probabilities; each row has a mask of its own
  uint32_t seed = 0;

  size_t visible(size_t r) const { return causal && first_row + r + 1 < cols ? first_row + r + 1 : cols; }
};

// Turns scores into dropout(probabilities), in place: adds bias[j - r] to row r, column j (null: no bias), takes the
// softmax of each row over its visible columns and applies dropout; columns that the row does not see become 0.
// log_sums [rows] receives the logarithm of each row's sum of exponentials.
void softmax(const ScoreBlock& block, float* scores, const float* bias, float* log_sums);
// The backward step of softmax(), from the scores that it was given and the log_sums that it wrote: they give the
// probabilities again, so that nothing else has to be kept.
//   scores           in: as softmax() was given them; out: dropout(probabilities), as softmax() left them
//   d_probabilities  in: the gradient of dropout(probabilities); out: the gradient of the scores,
//                    probabilities * (dropout(d_probabilities) - row_dots), 0 in columns that the row does not see
//   row_dots [rows]  each row's sum of dropout(probabilities) * d_probabilities over its columns. In attention this sum
//                    is the product of the row's result and the gradient of that result.
void softmax_backward(const ScoreBlock& block, const float* bias, const float* log_sums, const float* row_dots,
                      float* scores, float* d_probabilities);

// y = dropout(x); x may be y.
void copy_dropout(size_t n, const float* x, float* y, float p, uint32_t seed);
// y = x + dropout(z); y may be x.
void add_dropout(size_t n, const float* x, const float* z, float* y, float p, uint32_t seed);
// y = dropout(max(x, 0)).
void relu_dropout(size_t n, const float* x, float* y, float p, uint32_t seed);
// Its backward step, dx = dropout(dy) where x > 0 and 0 elsewhere.
struct ReluBackward {
  size_t n;
  bool add;  // adds to dx; false: overwrites it
};
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
// The backward step of rms_norm(): writes dx and adds to d_weight. Either may be null.
struct NormBackward {
  size_t rows, cols;
  bool add;  // adds to dx; false: overwrites it
};
void rms_norm_backward(const NormBackward& shape, const float* x, const float* weight, const float* inverse_rms,
                       const float* dy, float* dx, float* d_weight);

// Log of the sum of exponentials of a row.
float log_sum_exp(size_t n, const float* x);
// x = scale * exp(x - log_sum), in place.
void exp_shifted(size_t n, float* x, float log_sum, float scale);

// One AdamW update (Loshchilov & Hutter 2019, algorithm 2) of n weights. `step_size` is the learning rate divided by
// the first moment's bias correction, 1 - beta1^t; `second_correction` is 1 / sqrt(1 - beta2^t); `decay` is learning
// rate times weight decay; the gradient is multiplied by `grad_scale` first (clipping).
struct AdamStep {
  float beta1, beta2, epsilon, step_size, second_correction, decay, grad_scale;
};
void adamw(size_t n, const AdamStep& step, const float* grad, float* m, float* v, float* weights);

// Attention of one query row q [inner] over `length` positions, inner = heads * head_dim. keys_values[p] points to the
// keys [inner] of position p, directly followed by its values [inner]. Scores are not scaled; `bias` [heads, length] is
// added to them. `scores` [length] is scratch memory; out [inner].
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
