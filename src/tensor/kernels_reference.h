// The slow, obvious versions of tensor/kernels.h, for any floating-point type: what the vector versions must equal.
// Contracts are stated there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tensor/dropout_mask.h"

namespace peapod::kernels::reference {

// The factor of dropout of the probability in row r and column j.
template <class T, class Block>
T probability_scale(const Block& block, size_t r, size_t j) {
  return dropout_scale(static_cast<T>(block.dropout), dropout_word(block.seed, static_cast<uint32_t>(r)), j);
}

// Each score with its bias becomes weight(r, j, probability) where it is visible, 0 elsewhere.
template <class Block, class T, class Weight>
void from_log_sums(const Block& block, const T* bias, const T* log_sums, T* scores, const Weight& weight) {
  for (size_t r = 0; r < block.rows; ++r) {
    T* row = scores + r * block.stride;
    const size_t visible = block.visible(r);
    for (size_t j = 0; j < block.cols; ++j) {
      const T b = bias == nullptr ? T(0) : bias[static_cast<ptrdiff_t>(j) - static_cast<ptrdiff_t>(r)];
      row[j] = j < visible ? weight(r, j, std::exp(row[j] + b - log_sums[r])) : T(0);
    }
  }
}

template <class T>
T log_sum_exp(size_t n, const T* x) {
  const T largest = *std::max_element(x, x + n);
  T sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(x[i] - largest);
  return largest + std::log(sum);
}

template <class Block, class T>
void softmax(const Block& block, T* scores, const T* bias, T* log_sums) {
  for (size_t r = 0; r < block.rows; ++r) {
    T* row = scores + r * block.stride;
    const size_t visible = block.visible(r);
    const auto biased = [&](size_t j) {
      return row[j] + (bias == nullptr ? T(0) : bias[static_cast<ptrdiff_t>(j) - static_cast<ptrdiff_t>(r)]);
    };
    T largest = biased(0);
    for (size_t j = 1; j < visible; ++j) largest = std::max(largest, biased(j));
    T sum = 0;
    for (size_t j = 0; j < visible; ++j) sum += std::exp(biased(j) - largest);
    log_sums[r] = largest + std::log(sum);
  }
  from_log_sums(block, bias, static_cast<const T*>(log_sums), scores,
                [&](size_t r, size_t j, T p) { return p * probability_scale<T>(block, r, j); });
}

template <class Block, class T>
void softmax_backward(const Block& block, const T* bias, const T* log_sums, const T* row_dots, T* scores,
                      T* d_probabilities) {
  from_log_sums(block, bias, log_sums, scores, [&](size_t r, size_t j, T p) {
    T& d = d_probabilities[r * block.stride + j];
    const T kept = probability_scale<T>(block, r, j);
    d = p * (d * kept - row_dots[r]);
    return p * kept;
  });
  for (size_t r = 0; r < block.rows; ++r) {
    for (size_t j = block.visible(r); j < block.cols; ++j) d_probabilities[r * block.stride + j] = T(0);
  }
}

template <class T>
void copy_dropout(size_t n, const T* x, T* y, T p, uint32_t seed) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * dropout_scale(p, seed, i);
}

template <class T>
void add_dropout(size_t n, const T* x, const T* z, T* y, T p, uint32_t seed) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] + z[i] * dropout_scale(p, seed, i);
}

template <class T>
void relu_dropout(size_t n, const T* x, T* y, T p, uint32_t seed) {
  for (size_t i = 0; i < n; ++i) y[i] = std::max(x[i], T(0)) * dropout_scale(p, seed, i);
}

template <class Shape, class T>
void relu_dropout_backward(const Shape& shape, const T* x, const T* dy, T* dx, T p, uint32_t seed) {
  for (size_t i = 0; i < shape.n; ++i) {
    const T slope = x[i] > T(0) ? dy[i] * dropout_scale(p, seed, i) : T(0);
    dx[i] = shape.add ? dx[i] + slope : slope;
  }
}

template <class T>
void axpy(size_t n, T a, const T* x, T* y) {
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

template <class T>
T dot(size_t n, const T* x, const T* y) {
  T sum = 0;
  for (size_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

template <class T>
void rms_norm(size_t rows, size_t cols, const T* x, const T* weight, T epsilon, T* y, T* inverse_rms) {
  for (size_t r = 0; r < rows; ++r) {
    const T* in = x + r * cols;
    inverse_rms[r] = T(1) / std::sqrt(dot(cols, in, in) / static_cast<T>(cols) + epsilon);
    for (size_t i = 0; i < cols; ++i) y[r * cols + i] = in[i] * inverse_rms[r] * weight[i];
  }
}

// y = w * x * s with s = (mean(x^2) + eps)^(-1/2): dx = s * (w dy) - x * s^3 / cols * sum(w dy x).
template <class Shape, class T>
void rms_norm_backward(const Shape& shape, const T* x, const T* weight, const T* inverse_rms, const T* dy, T* dx,
                       T* d_weight) {
  const size_t cols = shape.cols;
  for (size_t r = 0; r < shape.rows; ++r) {
    const T* in = x + r * cols;
    const T* d = dy + r * cols;
    const T s = inverse_rms[r];
    T along = 0;
    for (size_t i = 0; i < cols; ++i) along += weight[i] * d[i] * in[i];
    const T back = along * s * s * s / static_cast<T>(cols);
    for (size_t i = 0; i < cols; ++i) {
      if (dx != nullptr) {
        const T slope = s * weight[i] * d[i] - back * in[i];
        dx[r * cols + i] = shape.add ? dx[r * cols + i] + slope : slope;
      }
      if (d_weight != nullptr) d_weight[i] += d[i] * in[i] * s;
    }
  }
}

template <class T>
void exp_shifted(size_t n, T* x, T log_sum, T scale) {
  for (size_t i = 0; i < n; ++i) x[i] = scale * std::exp(x[i] - log_sum);
}

template <class Shape, class T>
void attend(const Shape& shape, const T* q, const T* const* keys_values, const T* bias, T* scores, T* out) {
  const size_t inner = shape.heads * shape.head_dim;
  for (size_t h = 0; h < shape.heads; ++h) {
    const size_t column = h * shape.head_dim;
    for (size_t p = 0; p < shape.length; ++p) {
      scores[p] = dot(shape.head_dim, q + column, keys_values[p] + column) + bias[h * shape.length + p];
    }
    exp_shifted(shape.length, scores, log_sum_exp(shape.length, scores), T(1));
    for (size_t i = column; i < column + shape.head_dim; ++i) {
      out[i] = 0;
      for (size_t p = 0; p < shape.length; ++p) out[i] += scores[p] * keys_values[p][inner + i];
    }
  }
}

template <class Step, class T>
void adamw(size_t n, const Step& step, const T* grad, T* m, T* v, T* weights) {
  for (size_t i = 0; i < n; ++i) {
    const T g = grad[i] * step.grad_scale;
    m[i] = step.beta1 * m[i] + (T(1) - step.beta1) * g;
    v[i] = step.beta2 * v[i] + (T(1) - step.beta2) * g * g;
    const T root = std::sqrt(v[i]) * step.second_correction + step.epsilon;
    weights[i] -= step.decay * weights[i] + step.step_size * m[i] / root;
  }
}

}  // namespace peapod::kernels::reference
