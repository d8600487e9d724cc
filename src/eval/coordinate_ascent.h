// Finds good settings by coordinate ascent: one setting at a time takes its best value from a short list, until none of
// them changes. What item-kNN and recall are tuned with on validation. One thread calls.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace peapod {

// One setting and the values that are tried for it.
template <class Settings>
struct Axis {
  std::function<double&(Settings&)> setting;
  std::vector<double> values;
};

// `worth(settings)` is evaluated for `best` first, then for every trial; the greatest wins, the earlier among equals. A
// setting is tried again only after another has changed.
template <class Settings, class Worth>
Settings coordinate_ascent(Settings best, const std::vector<Axis<Settings>>& axes, const Worth& worth) {
  double best_worth = worth(best);
  size_t at_their_best = 0;  // axes in a row, the latest included, that no value of theirs improves
  for (size_t a = 0; at_their_best < axes.size(); a = (a + 1) % axes.size()) {
    const Axis<Settings>& axis = axes[a];
    const double current = axis.setting(best);
    bool improved = false;
    for (const double value : axis.values) {
      if (value == current) continue;
      Settings trial = best;
      axis.setting(trial) = value;
      const double trial_worth = worth(trial);
      if (trial_worth > best_worth) {
        best = trial;
        best_worth = trial_worth;
        improved = true;
      }
    }
    at_their_best = improved ? 1 : at_their_best + 1;
  }
  return best;
}

}  // namespace peapod
