#include "prefs/item_knn.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"
#include "prefs/occurrences.h"
#include "prefs/popularity.h"

namespace peapod {
namespace {

void check(double value, const char* field) {
  if (!std::isfinite(value) || value < 0.0) {
    throw Error(field, "expected a finite number from 0, got " + std::to_string(value));
  }
}

void check(const ItemKnnOptions& options) {
  check(options.distance_decay, "distance_decay");
  check(options.backward_weight, "backward_weight");
  check(options.recency_decay, "recency_decay");
  check(options.source_damping, "source_damping");
  check(options.target_damping, "target_damping");
  check(options.popularity_offset, "popularity_offset");
  if (options.max_history == 0) throw Error("max_history", "expected at least 1, got 0");
}

// (popularity + offset)^-power; 0 for an item that never occurs, which has no neighbours either.
std::vector<double> damping(const std::vector<uint32_t>& popularity, double offset, double power) {
  std::vector<double> factors(popularity.size());
  for (size_t i = 0; i < factors.size(); ++i) {
    if (popularity[i] > 0) factors[i] = std::pow(popularity[i] + offset, -power);
  }
  return factors;
}

}  // namespace

ItemKnn::ItemKnn(const Histories& train, uint32_t num_items, const ItemKnnOptions& options) {
  check(options);
  const std::vector<uint32_t> popularity = item_popularity(train, num_items);
  const Occurrences occurrences(train, num_items);
  const auto source = damping(popularity, options.popularity_offset, options.source_damping);
  const auto target = damping(popularity, options.popularity_offset, options.target_damping);

  size_t longest = 0;
  for (const auto& history : train) longest = std::max(longest, history.size());
  std::vector<double> forward(longest);  // [distance]; entry 0 is not used
  for (size_t distance = 1; distance < longest; ++distance) {
    forward[distance] = std::pow(static_cast<double>(distance), -options.distance_decay);
  }

  // One row at a time, so that sums never depend on which thread made them.
  std::vector<std::vector<Neighbour>> rows(num_items);
#pragma omp parallel
  {
    std::vector<double> co(num_items);
    std::vector<uint32_t> touched;
#pragma omp for schedule(dynamic, 64)
    for (uint32_t i = 0; i < num_items; ++i) {
      touched.clear();
      const auto add = [&](uint32_t j, double weight) {
        if (j == i || weight == 0.0) return;
        if (co[j] == 0.0) touched.push_back(j);
        co[j] += weight;
      };
      for (const auto& [user, position] : occurrences.of(i)) {
        const auto& history = train[user];
        for (size_t other = 0; other < position; ++other) {
          add(history[other], options.backward_weight * forward[position - other]);
        }
        for (size_t other = position + 1; other < history.size(); ++other) {
          add(history[other], forward[other - position]);
        }
      }
      std::sort(touched.begin(), touched.end());
      rows[i].reserve(touched.size());
      for (const uint32_t j : touched) {
        rows[i].push_back({j, static_cast<float>(co[j] * source[i] * target[j])});
        co[j] = 0.0;
      }
    }
  }

  starts_.assign(num_items + size_t{1}, 0);
  for (uint32_t i = 0; i < num_items; ++i) starts_[i + 1] = starts_[i] + rows[i].size();
  neighbours_.reserve(starts_.back());
  for (const auto& row : rows) neighbours_.insert(neighbours_.end(), row.begin(), row.end());

  recency_.resize(options.max_history);
  for (size_t k = 0; k < recency_.size(); ++k) {
    recency_[k] = static_cast<float>(std::pow(1.0 + static_cast<double>(k), -options.recency_decay));
  }
}

void ItemKnn::score(std::span<const uint32_t> history, std::span<float> scores) const {
  assert(scores.size() == num_items());
  std::fill(scores.begin(), scores.end(), 0.0f);
  const size_t used = std::min(history.size(), recency_.size());
  for (size_t k = 0; k < used; ++k) {
    const uint32_t item = history[history.size() - 1 - k];
    for (size_t n = starts_[item]; n < starts_[item + 1]; ++n) {
      scores[neighbours_[n].item] += recency_[k] * neighbours_[n].weight;
    }
  }
}

}  // namespace peapod
