#include "prefs/item_knn.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/error.h"
#include "prefs/cooccurrence.h"
#include "prefs/popularity.h"

namespace peapod {
namespace {

// (popularity + offset)^-power; 0 for an item that never occurs, which has no neighbours either.
std::vector<double> damping(const std::vector<uint32_t>& popularity, double offset, double power) {
  std::vector<double> factors(popularity.size());
  for (size_t i = 0; i < factors.size(); ++i) {
    if (popularity[i] > 0) factors[i] = std::pow(popularity[i] + offset, -power);
  }
  return factors;
}

}  // namespace

void require_valid(const ItemKnnOptions& options) {
  require_not_negative(options.distance_decay, "distance_decay");
  require_not_negative(options.backward_weight, "backward_weight");
  require_not_negative(options.recency_decay, "recency_decay");
  require_not_negative(options.source_damping, "source_damping");
  require_not_negative(options.target_damping, "target_damping");
  require_not_negative(options.popularity_offset, "popularity_offset");
  if (options.max_history == 0) throw Error("max_history", "expected at least 1, got 0");
}

ItemKnn::ItemKnn(const Histories& train, uint32_t num_items, const ItemKnnOptions& options) {
  require_valid(options);
  const Cooccurrence counts(train, num_items,
                            {.distance_decay = options.distance_decay, .backward_weight = options.backward_weight});
  const std::vector<uint32_t> popularity = item_popularity(train, num_items);
  const auto source = damping(popularity, options.popularity_offset, options.source_damping);
  const auto target = damping(popularity, options.popularity_offset, options.target_damping);
  starts_.push_back(0);
  for (uint32_t i = 0; i < num_items; ++i) {
    for (const auto& [j, count] : counts.of(i)) {
      neighbours_.push_back({j, static_cast<float>(count * source[i] * target[j])});
    }
    starts_.push_back(neighbours_.size());
  }

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
