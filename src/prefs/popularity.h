// How often each item occurs in the training interactions: the baseline that every method must beat, and what item-kNN
// divides by. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace peapod {

// Number of occurrences of each item, [num_items]; an item twice in one history counts twice. Requires items below
// `num_items`.
std::vector<uint32_t> item_popularity(const Histories& train, uint32_t num_items);

// How much more an item occurs at the end of training histories than in the middle of them, [num_items]: the mean over
// its occurrences of decay^k, k places before the end of their history, over the mean of all occurrences. Above 1: it
// is on the rise, as far as order shows, because what is new stands last (and so does what stands in short histories).
// Means of rare items are drawn towards 1, that of an item without any is 1; none is beyond 1/50 or 50. Requires items
// below `num_items`. Throws Error unless 0 < decay <= 1.
std::vector<double> item_trend(const Histories& train, uint32_t num_items, double decay);

}  // namespace peapod
