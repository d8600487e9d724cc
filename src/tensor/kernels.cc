#include "tensor/kernels.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/kernels.cc"
#include <hwy/foreach_target.h>
// After foreach_target, which compiles this file once per instruction set.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "tensor/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace peapod::kernels {
namespace HWY_NAMESPACE {

// Calls body(i, count, kept) as in_vectors does; kept(x) is x / (1 - p) where dropout_scale keeps an
// element, 0 where it drops it. The order is not ascending.
template <class Body>
HWY_INLINE void in_kept_vectors(size_t n, float p, uint32_t seed, const Body& body) {
  const F d;
  if (p == 0.0f) {
    in_vectors(n, [&](size_t i, size_t count) HWY_ATTR { body(i, count, [](hn::Vec<F> x) HWY_ATTR { return x; }); });
    return;
  }
  const U du;
  const I di;
  const size_t lanes = hn::Lanes(d);
  const uint32_t dropped = dropout_threshold(p);
  const auto last_dropped = hn::Set(di, static_cast<int32_t>(dropped) - 1);
  const auto scale = hn::Set(d, dropout_kept_scale<float>(dropped));
  const auto some = [&](size_t i, hn::Vec<U> bits) HWY_ATTR {
    if (i >= n) return;
    const auto mask = hn::RebindMask(d, hn::Gt(hn::BitCast(di, bits), last_dropped));
    body(i, HWY_MIN(lanes, n - i), [&](hn::Vec<F> x) HWY_ATTR { return hn::IfThenElseZero(mask, hn::Mul(x, scale)); });
  };
  auto counter = hn::Mul(hn::Iota(du, 0), hn::Set(du, kDropoutStep));
  const auto advance = hn::Set(du, static_cast<uint32_t>(lanes) * kDropoutStep);
  for (size_t block = 0; block < n; block += 2 * kDropoutHalf) {
    for (size_t i = block; i < block + kDropoutHalf; i += lanes) {
      auto h = hn::Xor(counter, hn::Set(du, seed));
      counter = hn::Add(counter, advance);
      h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(du, 0x85ebca6bu));
      h = hn::Mul(hn::Xor(h, hn::ShiftRight<13>(h)), hn::Set(du, 0xc2b2ae35u));
      h = hn::Xor(h, hn::ShiftRight<16>(h));
      some(i, hn::And(h, hn::Set(du, 0xffffu)));
      some(i + kDropoutHalf, hn::ShiftRight<16>(h));
    }
  }
}

HWY_INLINE uint32_t row_seed(const ScoreBlock& block, size_t r) {
  return dropout_word(block.seed, static_cast<uint32_t>(r));
}

void Softmax(const ScoreBlock& block, float* scores, const float* bias, float* log_sums) {
  const F d;
  for (size_t r = 0; r < block.rows; ++r) {
    float* row = scores + r * block.stride;
    const float* row_bias = bias == nullptr ? nullptr : bias - r;
    const size_t visible = block.visible(r);
    auto largest = hn::Set(d, -3.0e38f);
    in_vectors(visible, [&](size_t j, size_t count) HWY_ATTR {
      auto s = load(d, row + j, count);
      if (row_bias != nullptr) {
        s = hn::Add(s, load(d, row_bias + j, count));
        store(d, s, row + j, count);
      }
      largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, count), s, largest));
    });
    const float top = hn::GetLane(hn::MaxOfLanes(d, largest));
    const auto shift = hn::Set(d, top);
    auto sums = hn::Zero(d);
    in_vectors(visible, [&](size_t j, size_t count) HWY_ATTR {
      const auto e = hn::Exp(d, hn::Sub(load(d, row + j, count), shift));
      store(d, e, row + j, count);
      sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, count), e));
    });
    const float sum = sum_of(d, sums);
    const auto inverse = hn::Set(d, 1.0f / sum);
    in_kept_vectors(visible, block.dropout, row_seed(block, r), [&](size_t j, size_t count, const auto& kept) HWY_ATTR {
      store(d, kept(hn::Mul(load(d, row + j, count), inverse)), row + j, count);
    });
    for (size_t j = visible; j < block.cols; ++j) row[j] = 0.0f;
    log_sums[r] = top + std::log(sum);
  }
}

void SoftmaxBackward(const ScoreBlock& block, const float* bias, const float* log_sums, const float* row_dots,
                     float* scores, float* d_probabilities) {
  const F d;
  for (size_t r = 0; r < block.rows; ++r) {
    float* row = scores + r * block.stride;
    float* d_row = d_probabilities + r * block.stride;
    const float* row_bias = bias == nullptr ? nullptr : bias - r;
    const size_t visible = block.visible(r);
    const auto shift = hn::Set(d, log_sums[r]);
    const auto row_dot = hn::Set(d, row_dots[r]);
    in_kept_vectors(visible, block.dropout, row_seed(block, r), [&](size_t j, size_t count, const auto& kept) HWY_ATTR {
      auto s = load(d, row + j, count);
      if (row_bias != nullptr) s = hn::Add(s, load(d, row_bias + j, count));
      const auto p = hn::Exp(d, hn::Sub(s, shift));
      store(d, kept(p), row + j, count);
      store(d, hn::Mul(p, hn::Sub(kept(load(d, d_row + j, count)), row_dot)), d_row + j, count);
    });
    for (size_t j = visible; j < block.cols; ++j) row[j] = d_row[j] = 0.0f;
  }
}

void CopyDropout(size_t n, const float* x, float* y, float p, uint32_t seed) {
  const F d;
  in_kept_vectors(n, p, seed, [&](size_t i, size_t count, const auto& kept) HWY_ATTR {
    store(d, kept(load(d, x + i, count)), y + i, count);
  });
}

void AddDropout(size_t n, const float* x, const float* z, float* y, float p, uint32_t seed) {
  const F d;
  in_kept_vectors(n, p, seed, [&](size_t i, size_t count, const auto& kept) HWY_ATTR {
    store(d, hn::Add(load(d, x + i, count), kept(load(d, z + i, count))), y + i, count);
  });
}

void ReluDropout(size_t n, const float* x, float* y, float p, uint32_t seed) {
  const F d;
  in_kept_vectors(n, p, seed, [&](size_t i, size_t count, const auto& kept) HWY_ATTR {
    store(d, kept(positive_part(d, load(d, x + i, count))), y + i, count);
  });
}

void ReluDropoutBackward(const ReluBackward& shape, const float* x, const float* dy, float* dx, float p,
                         uint32_t seed) {
  const F d;
  in_kept_vectors(shape.n, p, seed, [&](size_t i, size_t count, const auto& kept) HWY_ATTR {
    const auto through = hn::IfThenElseZero(hn::Gt(load(d, x + i, count), hn::Zero(d)), load(d, dy + i, count));
    const auto before = shape.add ? load(d, dx + i, count) : hn::Zero(d);
    store(d, hn::Add(before, kept(through)), dx + i, count);
  });
}

void Axpy(size_t n, float a, const float* x, float* y) {
  const F d;
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    store(d, hn::MulAdd(hn::Set(d, a), load(d, x + i, count), load(d, y + i, count)), y + i, count);
  });
}

float Dot(size_t n, const float* x, const float* y) {
  const F d;
  auto sums = hn::Zero(d);
  in_vectors(n, [&](size_t i, size_t count)
                    HWY_ATTR { sums = hn::MulAdd(load(d, x + i, count), load(d, y + i, count), sums); });
  return sum_of(d, sums);
}

void RmsNorm(size_t rows, size_t cols, const float* x, const float* weight, float epsilon, float* y,
             float* inverse_rms) {
  const F d;
  for (size_t r = 0; r < rows; ++r) {
    const float* in = x + r * cols;
    float* out = y + r * cols;
    inverse_rms[r] = 1.0f / std::sqrt(Dot(cols, in, in) / static_cast<float>(cols) + epsilon);
    const auto scale = hn::Set(d, inverse_rms[r]);
    in_vectors(cols, [&](size_t i, size_t count) HWY_ATTR {
      store(d, hn::Mul(hn::Mul(load(d, in + i, count), scale), load(d, weight + i, count)), out + i, count);
    });
  }
}

void RmsNormBackward(const NormBackward& shape, const float* x, const float* weight, const float* inverse_rms,
                     const float* dy, float* dx, float* d_weight) {
  const F d;
  const size_t cols = shape.cols;
  for (size_t r = 0; r < shape.rows; ++r) {
    const float* in = x + r * cols;
    const float* up = dy + r * cols;
    const float s = inverse_rms[r];
    auto sums = hn::Zero(d);
    in_vectors(cols, [&](size_t i, size_t count) HWY_ATTR {
      const auto weighted = hn::Mul(load(d, weight + i, count), load(d, up + i, count));
      sums = hn::MulAdd(weighted, load(d, in + i, count), sums);
    });
    const auto back = hn::Set(d, sum_of(d, sums) * s * s * s / static_cast<float>(cols));
    const auto scale = hn::Set(d, s);
    in_vectors(cols, [&](size_t i, size_t count) HWY_ATTR {
      const auto v = load(d, in + i, count);
      const auto g = hn::Mul(load(d, up + i, count), scale);
      if (dx != nullptr) {
        float* out = dx + r * cols + i;
        const auto before = shape.add ? load(d, out, count) : hn::Zero(d);
        const auto along = hn::MulAdd(g, load(d, weight + i, count), before);
        store(d, hn::NegMulAdd(back, v, along), out, count);
      }
      if (d_weight != nullptr) store(d, hn::MulAdd(g, v, load(d, d_weight + i, count)), d_weight + i, count);
    });
  }
}

size_t FirstAtLeast(size_t n, const float* x, float bound) {
  const F d;
  const auto least = hn::Set(d, bound);
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const intptr_t found = hn::FindFirstTrue(d, hn::Ge(hn::LoadU(d, x + i), least));
    if (HWY_UNLIKELY(found >= 0)) return i + static_cast<size_t>(found);
  }
  while (i < n && !(x[i] >= bound)) ++i;
  return i;
}

float LogSumExp(size_t n, const float* x) {
  const F d;
  auto largest = hn::Set(d, x[0]);
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, count), load(d, x + i, count), largest));
  });
  const float top = hn::GetLane(hn::MaxOfLanes(d, largest));
  const auto shift = hn::Set(d, top);
  auto sums = hn::Zero(d);
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    const auto e = hn::Exp(d, hn::Sub(load(d, x + i, count), shift));
    sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, count), e));
  });
  return top + std::log(sum_of(d, sums));
}

void ExpShifted(size_t n, float* x, float log_sum, float scale) {
  const F d;
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    const auto e = hn::Exp(d, hn::Sub(load(d, x + i, count), hn::Set(d, log_sum)));
    store(d, hn::Mul(hn::Set(d, scale), e), x + i, count);
  });
}

void Attend(const CachedAttention& shape, const float* q, const float* const* keys_values, const float* bias,
            float* scores, float* out) {
  const F d;
  const size_t inner = shape.heads * shape.head_dim;
  for (size_t h = 0; h < shape.heads; ++h) {
    const size_t column = h * shape.head_dim;
    for (size_t p = 0; p < shape.length; ++p) {
      scores[p] = Dot(shape.head_dim, q + column, keys_values[p] + column) + bias[h * shape.length + p];
    }
    ExpShifted(shape.length, scores, LogSumExp(shape.length, scores), 1.0f);
    in_vectors(shape.head_dim, [&](size_t i, size_t count) HWY_ATTR {
      auto sum = hn::Zero(d);
      for (size_t p = 0; p < shape.length; ++p) {
        sum = hn::MulAdd(hn::Set(d, scores[p]), load(d, keys_values[p] + inner + column + i, count), sum);
      }
      store(d, sum, out + column + i, count);
    });
  }
}

void AdamW(size_t n, const AdamStep& step, const float* grad, float* m, float* v, float* weights) {
  const F d;
  const auto beta1 = hn::Set(d, step.beta1);
  const auto beta2 = hn::Set(d, step.beta2);
  const auto one_minus_beta1 = hn::Set(d, 1.0f - step.beta1);
  const auto one_minus_beta2 = hn::Set(d, 1.0f - step.beta2);
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    const auto g = hn::Mul(load(d, grad + i, count), hn::Set(d, step.grad_scale));
    const auto first = hn::MulAdd(beta1, load(d, m + i, count), hn::Mul(one_minus_beta1, g));
    const auto second = hn::MulAdd(beta2, load(d, v + i, count), hn::Mul(one_minus_beta2, hn::Mul(g, g)));
    const auto root = hn::MulAdd(hn::Sqrt(second), hn::Set(d, step.second_correction), hn::Set(d, step.epsilon));
    const auto w = load(d, weights + i, count);
    const auto decayed = hn::NegMulAdd(hn::Set(d, step.decay), w, w);
    const auto moved = hn::Div(hn::Mul(hn::Set(d, step.step_size), first), root);
    store(d, first, m + i, count);
    store(d, second, v + i, count);
    store(d, hn::Sub(decayed, moved), weights + i, count);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace peapod::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace peapod::kernels {

HWY_EXPORT(Softmax);
HWY_EXPORT(SoftmaxBackward);
HWY_EXPORT(CopyDropout);
HWY_EXPORT(AddDropout);
HWY_EXPORT(ReluDropout);
HWY_EXPORT(ReluDropoutBackward);
HWY_EXPORT(Axpy);
HWY_EXPORT(Dot);
HWY_EXPORT(RmsNorm);
HWY_EXPORT(RmsNormBackward);
HWY_EXPORT(FirstAtLeast);
HWY_EXPORT(LogSumExp);
HWY_EXPORT(ExpShifted);
HWY_EXPORT(Attend);
HWY_EXPORT(AdamW);

void softmax(const ScoreBlock& block, float* scores, const float* bias, float* log_sums) {
  HWY_DYNAMIC_DISPATCH(Softmax)(block, scores, bias, log_sums);
}
void softmax_backward(const ScoreBlock& block, const float* bias, const float* log_sums, const float* row_dots,
                      float* scores, float* d_probabilities) {
  HWY_DYNAMIC_DISPATCH(SoftmaxBackward)(block, bias, log_sums, row_dots, scores, d_probabilities);
}
void copy_dropout(size_t n, const float* x, float* y, float p, uint32_t seed) {
  HWY_DYNAMIC_DISPATCH(CopyDropout)(n, x, y, p, seed);
}
void add_dropout(size_t n, const float* x, const float* z, float* y, float p, uint32_t seed) {
  HWY_DYNAMIC_DISPATCH(AddDropout)(n, x, z, y, p, seed);
}
void relu_dropout(size_t n, const float* x, float* y, float p, uint32_t seed) {
  HWY_DYNAMIC_DISPATCH(ReluDropout)(n, x, y, p, seed);
}
void relu_dropout_backward(const ReluBackward& shape, const float* x, const float* dy, float* dx, float p,
                           uint32_t seed) {
  HWY_DYNAMIC_DISPATCH(ReluDropoutBackward)(shape, x, dy, dx, p, seed);
}
void axpy(size_t n, float a, const float* x, float* y) { HWY_DYNAMIC_DISPATCH(Axpy)(n, a, x, y); }
float dot(size_t n, const float* x, const float* y) { return HWY_DYNAMIC_DISPATCH(Dot)(n, x, y); }
size_t first_at_least(size_t n, const float* x, float bound) { return HWY_DYNAMIC_DISPATCH(FirstAtLeast)(n, x, bound); }
void rms_norm(size_t rows, size_t cols, const float* x, const float* weight, float epsilon, float* y,
              float* inverse_rms) {
  HWY_DYNAMIC_DISPATCH(RmsNorm)(rows, cols, x, weight, epsilon, y, inverse_rms);
}
void rms_norm_backward(const NormBackward& shape, const float* x, const float* weight, const float* inverse_rms,
                       const float* dy, float* dx, float* d_weight) {
  HWY_DYNAMIC_DISPATCH(RmsNormBackward)(shape, x, weight, inverse_rms, dy, dx, d_weight);
}
float log_sum_exp(size_t n, const float* x) { return HWY_DYNAMIC_DISPATCH(LogSumExp)(n, x); }
void exp_shifted(size_t n, float* x, float log_sum, float scale) {
  HWY_DYNAMIC_DISPATCH(ExpShifted)(n, x, log_sum, scale);
}
void attend(const CachedAttention& shape, const float* q, const float* const* keys_values, const float* bias,
            float* scores, float* out) {
  HWY_DYNAMIC_DISPATCH(Attend)(shape, q, keys_values, bias, scores, out);
}
void adamw(size_t n, const AdamStep& step, const float* grad, float* m, float* v, float* weights) {
  HWY_DYNAMIC_DISPATCH(AdamW)(n, step, grad, m, v, weights);
}

}  // namespace peapod::kernels
#endif  // HWY_ONCE
