// The slow, obvious versions of tensor/kernels.h, for any floating-point type: what the vector versions must equal.
// Contracts are stated there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace peapod::kernels::reference {

// Dropout decides on 16 bits an element. Elements go in blocks of 32: word k of a block decides on element k with its
// low half and on element 16 + k with its high half, so that vectors need no shuffling and one hash serves two.
inline constexpr size_t kDropoutHalf = 16;
inline constexpr uint32_t kDropoutStep = 0x9e3779b1u;

// The finaliser of MurmurHash3: word i of a dropout with `seed`.
inline uint32_t dropout_word(uint32_t seed, uint32_t i) {
  uint32_t h = i * kDropoutStep ^ seed;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

// How many of the 65,536 values of 16 bits drop an element: the closest to p.
template <class T>
uint32_t dropout_threshold(T p) {
  return static_cast<uint32_t>(std::lround(p * T(65536)));
}

// Keeps the expected value, for the probability that the threshold really has.
template <class T>
T dropout_kept_scale(uint32_t threshold) {
  return T(65536) / static_cast<T>(65536 - threshold);
}

template <class T>
T dropout_scale(T p, uint32_t seed, size_t i) {
  const uint32_t word = dropout_word(seed, static_cast<uint32_t>(i / 32 * kDropoutHalf + i % kDropoutHalf));
  const uint32_t bits = i % 32 < kDropoutHalf ? word & 0xffffu : word >> 16;
  const uint32_t threshold = dropout_threshold(p);
  return bits >= threshold ? dropout_kept_scale<T>(threshold) : T(0);
}

// The factor of dropout of the probability in row r and column j.
template <class T, class Block>
T dropout_scale(const Block& block, size_t r, size_t j) {
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
                [&](size_t r, size_t j, T p) { return p * dropout_scale<T>(block, r, j); });
}

template <class Block, class T>
void softmax_backward(const Block& block, const T* bias, const T* log_sums, const T* row_dots, T* scores,
                      T* d_probabilities) {
  from_log_sums(block, bias, log_sums, scores, [&](size_t r, size_t j, T p) {
    T& d = d_probabilities[r * block.stride + j];
    const T kept = dropout_scale<T>(block, r, j);
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
void axpy_dropout(size_t n, T a, const T* x, T* y, T p, uint32_t seed) {
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i] * dropout_scale(p, seed, i);
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
