// What is believed of items before the network is asked, at the nodes of a catalogue tree: the mass of the recalled
// distribution (prefs/recall.h) below a node, what is excluded left out. Asking for it costs a few binary searches,
// however large the catalogue. Immutable; one search's, or shared by many threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/catalogue_tree.h"
#include "model/search_trust.h"

namespace peapod {

// Sums of a mass over the positions of a tree: [num_items + 1], sums[p] is that of the positions below p.
class PositionSums {
 public:
  PositionSums() = default;
  // mass(item) for each item of the tree.
  template <class Mass>
  PositionSums(const CatalogueTree& tree, const Mass& mass) : sums_{0.0} {
    sums_.reserve(tree.num_items() + 1);
    for (uint32_t position = 0; position < tree.num_items(); ++position) {
      sums_.push_back(sums_.back() + mass(tree.item_at_position(position)));
    }
  }

  double of(CatalogueTree::Positions range) const { return sums_[range.end] - sums_[range.begin]; }
  double at(uint32_t position) const { return sums_[position + 1] - sums_[position]; }

 private:
  std::vector<double> sums_;
};

class SearchPrior {
 public:
  struct Recalled {
    uint32_t item = 0;
    double mass = 0;  // beside its part of what is spread
  };

  // `spread` holds every item's part of the mass that is not recalled, which counts `spread_share` times; it must
  // outlive this object, as the tree must. Of `recalled` and `excluded`, items that are not in the tree do not count,
  // nor do recalled ones that are excluded.
  SearchPrior(const CatalogueTree& tree, const PositionSums& spread, double spread_share,
              std::span<const Recalled> recalled, std::span<const uint32_t> excluded, const SearchTrust& trust);

  // Of the items at these positions that are not excluded; 0 or more.
  double mass(CatalogueTree::Positions range) const;

  const SearchTrust& trust() const { return trust_; }

 private:
  // Sums over some positions, ascending.
  struct Sparse {
    std::vector<uint32_t> positions;
    std::vector<double> sums{0.0};  // [positions + 1]
    double of(CatalogueTree::Positions range) const;
  };

  const PositionSums& spread_;
  double spread_share_;
  Sparse recalled_;
  Sparse excluded_;  // their spread mass
  SearchTrust trust_;
};

}  // namespace peapod
