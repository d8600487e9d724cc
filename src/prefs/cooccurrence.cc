#include "prefs/cooccurrence.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/threads.h"
#include "prefs/occurrences.h"

namespace peapod {

void require_not_negative(double value, const char* field) {
  if (!std::isfinite(value) || value < 0.0) {
    throw Error(field, "expected a finite number from 0, got " + std::to_string(value));
  }
}

double Cooccurrence::pair(size_t from, size_t to) const {
  assert(from != to);
  const double near = std::pow(static_cast<double>(from < to ? to - from : from - to), -options_.distance_decay);
  return from < to ? near : options_.backward_weight * near;
}

Cooccurrence::Cooccurrence(const Histories& train, uint32_t num_items, const CooccurrenceOptions& options)
    : options_(options) {
  require_not_negative(options.distance_decay, "distance_decay");
  require_not_negative(options.backward_weight, "backward_weight");
  const Occurrences occurrences(train, num_items);
  size_t longest = 0;
  for (const auto& history : train) longest = std::max(longest, history.size());
  std::vector<double> forward(longest), backward(longest);  // [distance]; entry 0 is not used
  for (size_t distance = 1; distance < longest; ++distance) {
    forward[distance] = pair(0, distance);
    backward[distance] = pair(distance, 0);
  }

  // One row at a time, so that sums never depend on which thread made them.
  std::vector<std::vector<Neighbour>> rows(num_items);
  struct Sums {
    explicit Sums(uint32_t size) : co(size) {}
    std::vector<double> co;  // zeros but for what is touched
    std::vector<uint32_t> touched;
  };
  parallel_for(
      num_items, [&] { return std::make_unique<Sums>(num_items); },
      [&](Sums& sums, size_t i) {
        std::vector<double>& co = sums.co;
        std::vector<uint32_t>& touched = sums.touched;
        const auto add = [&](uint32_t j, double weight) {
          if (j == i || weight == 0.0) return;
          if (co[j] == 0.0) touched.push_back(j);
          co[j] += weight;
        };
        for (const auto& [user, position] : occurrences.of(static_cast<uint32_t>(i))) {
          const auto& history = train[user];
          for (size_t other = 0; other < position; ++other) add(history[other], backward[position - other]);
          for (size_t other = position + 1; other < history.size(); ++other) {
            add(history[other], forward[other - position]);
          }
        }
        std::sort(touched.begin(), touched.end());
        rows[i].reserve(touched.size());
        for (const uint32_t j : touched) {
          rows[i].push_back({j, static_cast<float>(co[j])});
          co[j] = 0.0;
        }
        touched.clear();
      });
  starts_.assign(num_items + size_t{1}, 0);
  for (uint32_t i = 0; i < num_items; ++i) starts_[i + 1] = starts_[i] + rows[i].size();
  neighbours_.reserve(starts_.back());
  for (auto& row : rows) {
    neighbours_.insert(neighbours_.end(), row.begin(), row.end());
    row = {};
  }
}

}  // namespace peapod
