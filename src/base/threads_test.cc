#include "base/threads.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace peapod {
namespace {

TEST(NumThreads, IsWhatAParallelRegionGets) {
  int seen = 0;
#pragma omp parallel
#pragma omp single
  seen = omp_get_num_threads();
  EXPECT_EQ(num_threads(), seen);
}

TEST(PartOf, CoversTheRangeInOrderWithPartsOfAlmostEqualSize) {
  for (size_t n = 0; n < 40; ++n) {
    for (size_t parts = 1; parts < 12; ++parts) {
      size_t next = 0;
      size_t smallest = n;
      size_t largest = 0;
      for (size_t index = 0; index < parts; ++index) {
        const Range range = part_of(n, parts, index);
        EXPECT_EQ(range.begin, next) << n << " in " << parts;
        next = range.end;
        smallest = std::min(smallest, range.size());
        largest = std::max(largest, range.size());
      }
      EXPECT_EQ(next, n);
      EXPECT_LE(largest - smallest, 1U) << n << " in " << parts;
    }
  }
}

}  // namespace
}  // namespace peapod
