// How work is split over threads: how many there are, and which part of a range each takes. Safe from any thread.
#pragma once

#include <omp.h>

#include <cstddef>

namespace peapod {

// Threads that the next parallel region will use: OpenMP's choice, which respects OMP_NUM_THREADS. At least 1.
inline int num_threads() { return omp_get_max_threads(); }

struct Range {
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// The `index`-th of `parts` contiguous parts of [0, n), in order; sizes differ by at most one, so a part is empty
// where n < parts. A result that is summed per part and then over the parts in order does not depend on the number
// of threads, as long as `parts` does not. Requires parts > 0 and index < parts.
constexpr Range part_of(size_t n, size_t parts, size_t index) {
  const size_t size = n / parts;
  const size_t rest = n % parts;  // the first `rest` parts take one more
  const size_t begin = index * size + (index < rest ? index : rest);
  return {begin, begin + size + (index < rest ? 1 : 0)};
}

}  // namespace peapod
