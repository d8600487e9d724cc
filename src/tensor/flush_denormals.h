// Treats denormal numbers as zero on the calling thread while it lives. Softmax tails times small gradients are full of
// them, and each costs the processor a hundred cycles; as numbers they are far below f32 rounding.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace peapod {

class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero); }
  ~FlushDenormals() { _mm_setcsr(before_); }
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  static constexpr unsigned kFlushToZero = 0x8000;
  static constexpr unsigned kDenormalsAreZero = 0x0040;
  unsigned before_;
#endif
};

}  // namespace peapod
