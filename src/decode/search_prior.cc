#include "decode/search_prior.h"

#include <algorithm>
#include <utility>

namespace peapod {

double SearchPrior::Sparse::of(CatalogueTree::Positions range) const {
  const auto first = std::ranges::lower_bound(positions, range.begin);
  const auto last = std::lower_bound(first, positions.end(), range.end);
  return sums[static_cast<size_t>(last - positions.begin())] - sums[static_cast<size_t>(first - positions.begin())];
}

SearchPrior::SearchPrior(const CatalogueTree& tree, const PositionSums& spread, double spread_share,
                         std::span<const Recalled> recalled, std::span<const uint32_t> excluded,
                         const SearchTrust& trust)
    : spread_(spread), spread_share_(spread_share), trust_(trust) {
  excluded_.positions = tree.positions_of(excluded);
  for (const uint32_t position : excluded_.positions) {
    excluded_.sums.push_back(excluded_.sums.back() + spread.at(position));
  }
  std::vector<std::pair<uint32_t, double>> found;
  for (const Recalled& one : recalled) {
    const auto position = tree.position_of(one.item);
    if (position && !std::ranges::binary_search(excluded_.positions, *position)) {
      found.emplace_back(*position, one.mass);
    }
  }
  std::ranges::sort(found);
  for (const auto& [position, mass] : found) {
    recalled_.positions.push_back(position);
    recalled_.sums.push_back(recalled_.sums.back() + mass);
  }
}

double SearchPrior::mass(CatalogueTree::Positions range) const {
  const double spread = spread_share_ * (spread_.of(range) - excluded_.of(range));
  return std::max(spread, 0.0) + recalled_.of(range);
}

}  // namespace peapod
