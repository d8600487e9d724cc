// Item ids under the three schemes: numbers, or collaborative codes of three tokens that items consumed together share
// a prefix of. Called once by `prepare`. Stateless; the result depends on the arguments alone, not on the threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/item_ids.h"

namespace peapod {

// What ids are made of. Every item index must be below num_items, which may be 0.
struct ItemIdSource {
  Histories train = {};
  Histories all = {};  // for IdScheme::sequential alone
  uint32_t num_items = 0;
  // [num_items] what is said of each item, its title and categories, empty where nothing is; or no texts at all. For
  // IdScheme::collaborative.
  std::span<const std::string> texts = {};
};

// random:     a permutation of 1 to num_items drawn with `seed`.
// sequential: 1, 2, 3 … in the order in which items first appear in `all`, user after user; items that never appear
//             follow by index. Sees test items, so it leaks them (docs/results.md, "Leaks").
// collaborative: codes of three levels, all of size K, the least with K^3 >= num_items, from `train` and `texts`. Warm
//             items (those in `train`) fall into K clusters of at most ceil(warm / K) items, so that sizes differ by
//             less than K, by what they were consumed with and, where that is little, by texts that are alike; a
//             cluster of m splits likewise into K of at most ceil(m / K); the last token ranks the items of that group
//             by training count, most frequent first. Cold items take leaves that are left free: those whose texts
//             resemble texts of warm items the first free leaf of the group in which these are, the others leaves drawn
//             with `seed`.
ItemIds assign_item_ids(IdScheme scheme, const ItemIdSource& source, uint64_t seed);

// What `texts` of ItemIdSource says of an item.
std::string item_text(const std::string& title, const std::vector<std::string>& categories);

// The data set with nothing held out: everything is training, and collaborative codes are made anew of everything.
Dataset with_nothing_held_out(Dataset data);

}  // namespace peapod
