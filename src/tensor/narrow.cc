#include "tensor/narrow.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/narrow.cc"
#include <hwy/foreach_target.h>
// After foreach_target, which compiles this file once per instruction set.
#include <hwy/highway.h>

#include "tensor/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace peapod::kernels {
namespace HWY_NAMESPACE {

template <class D>
HWY_INLINE void store_narrow(D d, hn::Vec<D> value, hn::TFromD<D>* to, size_t count) {
  if (HWY_LIKELY(count == hn::Lanes(d))) {
    hn::StoreU(value, d, to);
    return;
  }
  HWY_ALIGN hn::TFromD<D> padded[hn::MaxLanes(D())];
  hn::Store(value, d, padded);
  for (size_t i = 0; i < count; ++i) to[i] = padded[i];
}

// As to_bfloat16() of tensor/bfloat16.h rounds; Highway's own demotion truncates.
HWY_INLINE hn::Vec<U> bf16_bits(hn::Vec<F> value) {
  const U du;
  const auto bits = hn::BitCast(du, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fffu)));
  const auto quiet = hn::Or(bits, hn::Set(du, 0x400000u));
  return hn::ShiftRight<16>(hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(value)), quiet, rounded));
}

void RoundToBf16(size_t n, const float* x, uint16_t* y) {
  const F d;
  const I di;
  const hn::Rebind<uint16_t, F> d16;
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    const auto narrow = hn::DemoteTo(d16, hn::BitCast(di, bf16_bits(load(d, x + i, count))));
    store_narrow(d16, narrow, y + i, count);
  });
}

void RoundThroughBf16(size_t n, const float* x, float* y) {
  const F d;
  in_vectors(n, [&](size_t i, size_t count) HWY_ATTR {
    store(d, hn::BitCast(d, hn::ShiftLeft<16>(bf16_bits(load(d, x + i, count)))), y + i, count);
  });
}

void Quantise(size_t rows, size_t cols, const float* x, uint8_t* bytes, float* scales) {
  const F d;
  const I di;
  const hn::Rebind<uint8_t, F> d8;
  for (size_t r = 0; r < rows; ++r, x += cols, bytes += cols) {
    auto largest_of_lane = hn::Zero(d);
    auto not_finite = hn::Zero(d);  // turns NaN with an infinity or a NaN, which Max may drop
    in_vectors(cols, [&](size_t i, size_t count) HWY_ATTR {
      const auto value = load(d, x + i, count);
      largest_of_lane = hn::Max(largest_of_lane, hn::Abs(value));
      not_finite = hn::MulAdd(value, hn::Zero(d), not_finite);
    });
    if (std::isnan(sum_of(d, not_finite))) {
      scales[r] = std::numeric_limits<float>::quiet_NaN();
      std::fill_n(bytes, cols, static_cast<uint8_t>(kZeroPoint));
      continue;
    }
    const float largest = hn::GetLane(hn::MaxOfLanes(d, largest_of_lane));
    constexpr float kNothing = 1e-30f;  // less is all zeros, for its inverse might not be finite
    scales[r] = largest > kNothing ? largest / 127.0f : 0.0f;
    const auto inverse = hn::Set(d, largest > kNothing ? 127.0f / largest : 0.0f);
    in_vectors(cols, [&](size_t i, size_t count) HWY_ATTR {
      const auto rounded = hn::NearestInt(hn::Mul(load(d, x + i, count), inverse));
      const auto narrow = hn::DemoteTo(d8, hn::Add(rounded, hn::Set(di, kZeroPoint)));
      store_narrow(d8, narrow, bytes + i, count);
    });
  }
}

template <Into into>
HWY_INLINE void DequantiseInto(const Sums& shape, const int32_t* sums, const float* row_scales, const float* col_scales,
                               const int32_t* offsets, float* y) {
  const F d;
  const I di;
  for (size_t r = 0; r < shape.rows; ++r, sums += shape.cols, y += shape.stride) {
    const auto row_scale = hn::Set(d, row_scales[r]);
    in_vectors(shape.cols, [&](size_t i, size_t count) HWY_ATTR {
      const auto sum = hn::Sub(load(di, sums + i, count), load(di, offsets + i, count));
      const auto scale = hn::Mul(row_scale, load(d, col_scales + i, count));
      auto value = hn::Mul(hn::ConvertTo(d, sum), scale);
      if constexpr (into == Into::add) value = hn::Add(value, load(d, y + i, count));
      if constexpr (into == Into::relu) value = positive_part(d, value);
      store(d, value, y + i, count);
    });
  }
}

void Dequantise(const Sums& shape, const int32_t* sums, const float* row_scales, const float* col_scales,
                const int32_t* offsets, float* y, Into into) {
  switch (into) {
    case Into::write:
      return DequantiseInto<Into::write>(shape, sums, row_scales, col_scales, offsets, y);
    case Into::add:
      return DequantiseInto<Into::add>(shape, sums, row_scales, col_scales, offsets, y);
    case Into::relu:
      return DequantiseInto<Into::relu>(shape, sums, row_scales, col_scales, offsets, y);
  }
}

size_t FirstSumAtLeast(size_t n, const int32_t* sums, const int32_t* offsets, const float* factors, float bound) {
  const F d;
  const I di;
  const auto least = hn::Set(d, bound);
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto above = hn::ConvertTo(d, hn::Sub(hn::LoadU(di, sums + i), hn::LoadU(di, offsets + i)));
    const intptr_t found = hn::FindFirstTrue(d, hn::Ge(above, hn::Mul(least, hn::LoadU(d, factors + i))));
    if (HWY_UNLIKELY(found >= 0)) return i + static_cast<size_t>(found);
  }
  while (i < n && !(static_cast<float>(sums[i] - offsets[i]) >= bound * factors[i])) ++i;
  return i;
}

}  // namespace HWY_NAMESPACE
}  // namespace peapod::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace peapod::kernels {

HWY_EXPORT(RoundToBf16);
HWY_EXPORT(RoundThroughBf16);
HWY_EXPORT(Quantise);
HWY_EXPORT(Dequantise);
HWY_EXPORT(FirstSumAtLeast);

void round_to_bf16(size_t n, const float* x, uint16_t* y) { HWY_DYNAMIC_DISPATCH(RoundToBf16)(n, x, y); }
void round_to_bf16(size_t n, const float* x, float* y) { HWY_DYNAMIC_DISPATCH(RoundThroughBf16)(n, x, y); }
void quantise(size_t rows, size_t cols, const float* x, uint8_t* bytes, float* scales) {
  HWY_DYNAMIC_DISPATCH(Quantise)(rows, cols, x, bytes, scales);
}
double quantisation_error(size_t cols, float largest) {
  // Half a step in each dimension. In f32 the scale, its inverse and the product with it are each off by 2^-24 at most,
  // which at 127 steps is less than 2^-14 of a half.
  constexpr double kSlack = 1.0 + 0x1p-14;
  return 0.5 * kSlack * static_cast<double>(largest) / 127.0 * std::sqrt(static_cast<double>(cols));
}
void dequantise(const Sums& shape, const int32_t* sums, const float* row_scales, const float* col_scales,
                const int32_t* offsets, float* y, Into into) {
  HWY_DYNAMIC_DISPATCH(Dequantise)(shape, sums, row_scales, col_scales, offsets, y, into);
}
size_t first_at_least(size_t n, const int32_t* sums, const int32_t* offsets, const float* factors, float bound) {
  return HWY_DYNAMIC_DISPATCH(FirstSumAtLeast)(n, sums, offsets, factors, bound);
}

}  // namespace peapod::kernels
#endif  // HWY_ONCE
