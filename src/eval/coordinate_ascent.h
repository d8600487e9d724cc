// Finds good settings by coordinate ascent: one setting at a time takes its best value from a short list, until a round
// changes nothing. What item-kNN and recall are tuned with on validation. One thread calls.
#pragma once

#include <functional>
#include <vector>

namespace peapod {

// One setting and the values that are tried for it.
template <class Settings>
struct Axis {
  std::function<double&(Settings&)> setting;
  std::vector<double> values;
};

// `worth(settings)` is evaluated for `best` first, then for every trial; the greatest wins, the earlier among equals.
template <class Settings, class Worth>
Settings coordinate_ascent(Settings best, const std::vector<Axis<Settings>>& axes, const Worth& worth) {
  double best_worth = worth(best);
  for (bool improved = true; improved;) {
    improved = false;
    for (const Axis<Settings>& axis : axes) {
      const double current = axis.setting(best);
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
    }
  }
  return best;
}

}  // namespace peapod
