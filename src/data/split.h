// How the interactions of each user are divided: leave-one-out (the last item is `test`, the one before it `valid`, all
// earlier ones `train`), or not at all. Both are positional, so they need no table of their own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/choices.h"
#include "base/split_name.h"

namespace peapod {

// One item list per user, oldest first; views that live as long as what they were taken from.
using Histories = std::vector<std::span<const uint32_t>>;

enum class SplitRule {
  leave_one_out,
  none,  // nothing is held out: everything is training, nobody is evaluated
};

inline constexpr Choices<SplitRule, 2> kSplitRules{
    "split", {{SplitRule::leave_one_out, "leave-one-out"}, {SplitRule::none, "none"}}};

inline std::string_view name_of(SplitRule rule) { return kSplitRules.name_of(rule); }

// With leave-one-out, a user with fewer interactions is not evaluated: everything is training.
inline constexpr size_t kMinEvaluated = 3;

// Whether a user with so many interactions has a validation and a test item.
inline bool is_evaluated(size_t size, SplitRule rule) {
  return rule == SplitRule::leave_one_out && size >= kMinEvaluated;
}

// All but the last two items; all of them for a user who is not evaluated.
inline std::span<const uint32_t> train_part(std::span<const uint32_t> history, SplitRule rule) {
  return is_evaluated(history.size(), rule) ? history.first(history.size() - 2) : history;
}

// The part that the interaction at `position` of a history of `size` items belongs to.
inline Split split_at(size_t position, size_t size, SplitRule rule) {
  if (!is_evaluated(size, rule) || position + 2 < size) return Split::train;
  return position + 2 == size ? Split::valid : Split::test;
}

}  // namespace peapod
