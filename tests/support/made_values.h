// Random values, and lengths of rows, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "base/random.h"

namespace peapod {

inline std::vector<float> draw(Random& random, size_t n) {
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(random.normal());
  return values;
}

// Calls check(random, n) for every length from `first` to 40, then for longer ones on both sides of vector widths.
inline void for_lengths(size_t first, const std::function<void(Random&, size_t)>& check) {
  constexpr uint64_t kSeed = 17;
  Random random(kSeed);
  std::vector<size_t> lengths = {63, 64, 65, 127, 129, 255, 301};
  for (size_t n = first; n <= 40; ++n) lengths.push_back(n);
  for (const size_t n : lengths) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", length " << n);
    check(random, n);
  }
}

}  // namespace peapod
