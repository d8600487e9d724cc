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

namespace {

// The greatest distance within which the histories hold at most `most_pairs` pairs, both orders counted; at least 1.
size_t window_of(const Histories& histories, uint64_t most_pairs) {
  size_t longest = 1;
  for (const auto& history : histories) longest = std::max(longest, history.size());
  std::vector<uint64_t> of_length(longest + 1, 0);
  for (const auto& history : histories) ++of_length[history.size()];
  std::vector<uint64_t> pairs_at(longest, 0);  // by distance: a history of length n has 2 (n - d) at distance d
  uint64_t longer = 0, excess = 0;             // histories that are longer than the distance, and their sum of n - d
  for (size_t distance = longest - 1; distance > 0; --distance) {
    longer += of_length[distance + 1];
    excess += longer;
    pairs_at[distance] = 2 * excess;
  }
  size_t window = 1;
  uint64_t pairs = longest > 1 ? pairs_at[1] : 0;
  while (window + 1 < longest && pairs + pairs_at[window + 1] <= most_pairs) pairs += pairs_at[++window];
  return window;
}

}  // namespace

void require_not_negative(double value, const char* field) {
  if (!std::isfinite(value) || value < 0.0) {
    throw Error(field, "expected a finite number from 0, got " + std::to_string(value));
  }
}

double Cooccurrence::pair(size_t from, size_t to) const {
  assert(from != to);
  const size_t distance = from < to ? to - from : from - to;
  if (distance > window_) return 0.0;
  const double near = std::pow(static_cast<double>(distance), -options_.distance_decay);
  return from < to ? near : options_.backward_weight * near;
}

Cooccurrence::Cooccurrence(const Histories& train, uint32_t num_items, const CooccurrenceOptions& options)
    : options_(options), window_(window_of(train, options.most_pairs)), rows_(num_items) {
  require_not_negative(options.distance_decay, "distance_decay");
  require_not_negative(options.backward_weight, "backward_weight");
  const Occurrences occurrences(train, num_items);
  std::vector<double> forward(window_ + 1), backward(window_ + 1);  // [distance]; entry 0 is not used
  for (size_t distance = 1; distance <= window_; ++distance) {
    forward[distance] = pair(0, distance);
    backward[distance] = pair(distance, 0);
  }

  // One row at a time, so that sums never depend on which thread made them.
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
          const size_t end = std::min(history.size(), position + window_ + 1);
          for (size_t other = position - std::min<size_t>(position, window_); other < position; ++other) {
            add(history[other], backward[position - other]);
          }
          for (size_t other = position + size_t{1}; other < end; ++other) {
            add(history[other], forward[other - position]);
          }
        }
        std::sort(touched.begin(), touched.end());
        rows_[i].reserve(touched.size());
        for (const uint32_t j : touched) {
          rows_[i].push_back({j, static_cast<float>(co[j])});
          co[j] = 0.0;
        }
        touched.clear();
      });
}

}  // namespace peapod
