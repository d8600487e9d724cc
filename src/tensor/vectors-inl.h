// Loops over f32 rows in whole vectors and a rest, for code that Highway compiles once per instruction set: included
// after hwy/foreach_target.h, and again for each target.
#if defined(PEAPOD_TENSOR_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PEAPOD_TENSOR_VECTORS_INL_H_
#undef PEAPOD_TENSOR_VECTORS_INL_H_
#else
#define PEAPOD_TENSOR_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include "tensor/dropout_mask.h"

HWY_BEFORE_NAMESPACE();
namespace peapod::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that a whole number of vectors makes half a block of dropout.
using F = hn::CappedTag<float, kDropoutHalf>;
using I = hn::RebindToSigned<F>;
using U = hn::RebindToUnsigned<F>;

// The rest of a row that fills no whole vector: no memory beyond it is touched.
template <class D>
HWY_INLINE hn::Vec<D> load_some(D d, const hn::TFromD<D>* from, size_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN hn::TFromD<D> padded[hn::MaxLanes(D())] = {};
  for (size_t i = 0; i < count; ++i) padded[i] = from[i];
  return hn::Load(d, padded);
#else
  return hn::MaskedLoad(hn::FirstN(d, count), d, from);
#endif
}

HWY_INLINE void store_some(F d, hn::Vec<F> value, float* to, size_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float padded[hn::MaxLanes(F())];
  hn::Store(value, d, padded);
  for (size_t i = 0; i < count; ++i) to[i] = padded[i];
#else
  hn::BlendedStore(value, hn::FirstN(d, count), d, to);
#endif
}

// Calls body(i, count): whole vectors first (count = lanes), then the rest.
template <class Body>
HWY_INLINE void in_vectors(size_t n, const Body& body) {
  const size_t lanes = hn::Lanes(F());
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i, lanes);
  if (i < n) body(i, n - i);
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const hn::TFromD<D>* from, size_t count) {
  return HWY_LIKELY(count == hn::Lanes(d)) ? hn::LoadU(d, from) : load_some(d, from, count);
}

HWY_INLINE void store(F d, hn::Vec<F> value, float* to, size_t count) {
  if (HWY_LIKELY(count == hn::Lanes(d))) {
    hn::StoreU(value, d, to);
  } else {
    store_some(d, value, to, count);
  }
}

// max(x, 0); what is no number stays so.
HWY_INLINE hn::Vec<F> positive_part(F d, hn::Vec<F> x) { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x); }

HWY_INLINE float sum_of(F d, hn::Vec<F> v) { return hn::GetLane(hn::SumOfLanes(d, v)); }

}  // namespace HWY_NAMESPACE
}  // namespace peapod::kernels
HWY_AFTER_NAMESPACE();

#endif  // PEAPOD_TENSOR_VECTORS_INL_H_
