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

}  // namespace peapod
