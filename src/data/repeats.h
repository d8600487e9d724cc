// What becomes of interactions with an item that their user has had before. It is decided when data are prepared, and
// everything that is made of them agrees: training, evaluation, baselines and use.
#pragma once

#include <string_view>

#include "base/choices.h"

namespace peapod {

enum class Repeats {
  merge,  // only the first of a user and an item counts, and what somebody has had is not recommended to them
  keep,   // all count, and what somebody has had may come next again
};

inline constexpr Choices<Repeats, 2> kRepeats{"repeats", {{Repeats::merge, "merge"}, {Repeats::keep, "keep"}}};

inline std::string_view name_of(Repeats repeats) { return kRepeats.name_of(repeats); }

}  // namespace peapod
