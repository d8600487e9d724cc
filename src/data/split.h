// The leave-one-out split: per user the last item is `test`, the one before it `valid`, all earlier ones `train`. It is
// positional, so it needs no table of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/split_name.h"

namespace peapod {

// One item list per user, oldest first; views that live as long as what they were taken from.
using Histories = std::vector<std::span<const uint32_t>>;

// A user with fewer interactions is not evaluated: everything is training.
inline constexpr size_t kMinEvaluated = 3;

// All but the last two items; all of them for a user who is not evaluated.
inline std::span<const uint32_t> train_part(std::span<const uint32_t> history) {
  return history.size() < kMinEvaluated ? history : history.first(history.size() - 2);
}

// The part that the interaction at `position` of a history of `size` items belongs to.
inline Split split_at(size_t position, size_t size) {
  if (size < kMinEvaluated || position + 2 < size) return Split::train;
  return position + 2 == size ? Split::valid : Split::test;
}

}  // namespace peapod
