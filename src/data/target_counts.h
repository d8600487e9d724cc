// Whether measures of a data set can mean what they say: how many targets stand in the history before them, which full
// ranking leaves out, and how many negatives there are to rank against. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/dataset.h"

namespace peapod {

struct TargetCounts {
  uint64_t users = 0;       // who are measured
  uint64_t seen = 0;        // whose target they had before
  bool ranks_seen = false;  // whether full ranking may recommend these; where not, nothing can hit such a target
  uint64_t unreachable() const { return ranks_seen ? 0 : seen; }
  uint64_t without_negatives = 0;  // users who have touched every item: there is nothing to rank their target against
  // Of the others.
  uint32_t least_negatives = 0;  // of a user; kNumNegatives where the catalogue is large enough
  double mean_negatives = 0;     // over users
};

// Requires that the users are evaluated, and that `split` is valid or test.
TargetCounts count_targets(const Dataset& data, std::span<const uint32_t> users, Split split);

// Throws Error, in the name of `where`, where nothing is held out of the data set.
void require_held_out(const Dataset& data, const std::string& where);

// Throws Error, in the name of `where`, where there are no users, or none of them has a negative.
void require_measurable(const TargetCounts& counts, const std::string& where);

}  // namespace peapod
