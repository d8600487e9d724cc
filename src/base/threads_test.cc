#include "base/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

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

TEST(ParallelFor, CallsEachIndexOnceAndGivesEachThreadAStateOfItsOwn) {
  std::vector<std::atomic<int>> calls(1000);
  std::atomic<int> states = 0;
  parallel_for(
      calls.size(), [&] { return std::make_unique<int>(++states); },
      [&](int& state, size_t i) {
        EXPECT_GE(state, 1);
        ++calls[i];
      });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(states, num_threads());
  parallel_for(0, [](size_t) { FAIL() << "nothing is to be done"; });
}

TEST(ParallelFor, PassesOnAnExceptionAfterTheOtherCalls) {
  std::atomic<int> done = 0;
  const auto work = [&](size_t i) {
    if (i == 7) throw std::runtime_error("seven");
    ++done;
  };
  try {
    parallel_for(20, work);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "seven");
  }
  EXPECT_EQ(done, 19);
  const auto no_state = []() -> std::unique_ptr<int> { throw std::runtime_error("no state"); };
  EXPECT_THROW(parallel_for(20, no_state, [](int&, size_t) {}), std::runtime_error);
}

}  // namespace
}  // namespace peapod
