// Items of a catalogue tree that may not be answered, as the search and what it believes beforehand ask for them.
// Immutable, so safe from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/catalogue_tree.h"

namespace peapod {

class ExcludedItems {
 public:
  // Items that are not in the tree do not count.
  ExcludedItems(const CatalogueTree& tree, std::span<const uint32_t> items) : positions_(tree.positions_of(items)) {}

  std::span<const uint32_t> positions() const { return positions_; }  // ascending
  bool contains(uint32_t position) const { return std::ranges::binary_search(positions_, position); }

  // Whether an item at these positions is not excluded.
  bool leaves_any(CatalogueTree::Positions range) const {
    const size_t below = range.end - range.begin;
    if (below > positions_.size()) return true;
    const auto first = std::ranges::lower_bound(positions_, range.begin);
    const auto last = std::lower_bound(first, positions_.end(), range.end);
    return static_cast<size_t>(last - first) < below;
  }

 private:
  std::vector<uint32_t> positions_;
};

}  // namespace peapod
