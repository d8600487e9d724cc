#include "data/target_counts.h"

#include <algorithm>

#include "base/error.h"

namespace peapod {

TargetCounts count_targets(const Dataset& data, std::span<const uint32_t> users, Split split) {
  TargetCounts counts{.users = users.size(), .ranks_seen = data.repeats() == Repeats::keep};
  uint64_t negatives = 0;
  for (const uint32_t user : users) {
    const auto before = data.items_before(user, split);
    counts.seen += std::ranges::find(before, data.target(user, split)) != before.end();
    const auto count = static_cast<uint32_t>(data.negatives(user).size());
    if (count == 0) {
      ++counts.without_negatives;
      continue;
    }
    counts.least_negatives = negatives == 0 ? count : std::min(counts.least_negatives, count);
    negatives += count;
  }
  const uint64_t with_negatives = counts.users - counts.without_negatives;
  if (with_negatives > 0) counts.mean_negatives = static_cast<double>(negatives) / static_cast<double>(with_negatives);
  return counts;
}

void require_held_out(const Dataset& data, const std::string& where) {
  if (data.split() != SplitRule::none) return;
  throw Error(where, "holds nothing out, so there is nothing to measure",
              "prepare the data without `--split none`, if it is large enough for that");
}

void require_measurable(const TargetCounts& counts, const std::string& where) {
  if (counts.users == 0) {
    throw Error(where, "has no user with three interactions or more, so nobody can be measured",
                "prepare data with longer histories");
  }
  if (counts.without_negatives == counts.users) {
    throw Error(where, "every user has touched every item, so there is nothing to rank a target against",
                "prepare data with a larger catalogue");
  }
}

}  // namespace peapod
