// How work is split over threads: how many there are, which part of a range each takes, and a loop that all of them
// share. Safe from any thread.
#pragma once

#include <omp.h>

#include <cstddef>
#include <exception>
#include <memory>

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

// Calls work(*state, i) for each i of [0, n), on all threads and in no order; each thread makes a state for itself with
// make_state(), which returns a pointer that owns it. Where calls throw, one of the exceptions is passed on, after the
// others have ended: out of a bare OpenMP loop it would end the program.
template <class MakeState, class Work>
void parallel_for(size_t n, const MakeState& make_state, const Work& work) {
  std::exception_ptr failure;
  const auto guarded = [&failure](const auto& step) {
    try {
      step();
    } catch (...) {
#pragma omp critical(peapod_parallel_for)
      if (!failure) failure = std::current_exception();
    }
  };
#pragma omp parallel
  {
    decltype(make_state()) state = nullptr;
    guarded([&] { state = make_state(); });
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < n; ++i) {
      if (state != nullptr) guarded([&] { work(*state, i); });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

// The same without a state: work(i).
template <class Work>
void parallel_for(size_t n, const Work& work) {
  parallel_for(
      n, [] { return std::make_unique<char>(); }, [&work](char&, size_t i) { work(i); });
}

}  // namespace peapod
