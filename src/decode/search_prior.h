// What is believed of items before the network is asked, at the nodes of a catalogue tree: the mass of the recalled
// distribution (prefs/recall.h) below a node, what is excluded left out. Asking for it costs a few binary searches,
// however large the catalogue. Immutable; one search's, or shared by many threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/catalogue_tree.h"
#include "decode/excluded_items.h"
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

// What is believed of the items of a tree: a mass that is spread over all of them, and more on some.
struct Belief {
  struct ItemMass {
    uint32_t item = 0;
    double mass = 0;
  };
  const PositionSums* spread = nullptr;     // null: nothing is believed
  double spread_scale = 1.0;                // what the spread mass is multiplied by
  std::span<const ItemMass> left_out = {};  // of spread masses: what some items have less
  std::span<const ItemMass> on_top = {};    // beside their spread mass
  // Items whose masses the network appraises, each once; those that are not in the tree or excluded do not count.
  std::span<const uint32_t> appraised = {};
};

class SearchPrior {
 public:
  // Of the belief and of `excluded`, items that are not in the tree do not count, and excluded ones have no mass. The
  // tree and the spread masses must outlive this object.
  SearchPrior(const CatalogueTree& tree, const Belief& belief, std::span<const uint32_t> excluded,
              const SearchTrust& trust);

  // A child of a node that leads to an item that is not excluded.
  struct Child {
    uint32_t index = 0;  // among the children of the node
    double bias = 0;     // trust().weight times the logarithm of the mass below it; 0 where nothing is believed
  };
  // Overwrites `children` with those of the node. The probability of a child, among them, goes with
  // exp(trust().trust * its logit + its bias).
  void allowed_children(uint32_t node, std::vector<Child>& children) const;

  // Mass of the items at these positions that are not excluded; 0 or more.
  double mass(CatalogueTree::Positions range) const;

  // An item whose mass is appraised.
  struct Appraised {
    uint32_t position = 0;  // in the tree
    uint32_t index = 0;     // among the belief's appraised items
    double mass = 0;        // what is believed of it, above 0
  };
  // Those at these positions, ascending.
  std::span<const Appraised> appraised(CatalogueTree::Positions range) const;

  // The same where masses of appraised items are multiplied by e^(trust().appraisal * appraisals[index]).
  SearchPrior appraised_by(std::span<const float> appraisals) const;

  const SearchTrust& trust() const { return trust_; }

 private:
  // Sums over some positions, ascending.
  struct Sparse {
    std::vector<uint32_t> positions;
    std::vector<double> sums{0.0};  // [positions + 1]
    void add(uint32_t position, double mass) {
      positions.push_back(position);
      sums.push_back(sums.back() + mass);
    }
    double of(CatalogueTree::Positions range) const;
  };

  const CatalogueTree& tree_;
  const PositionSums* spread_;
  double spread_scale_;
  ExcludedItems excluded_;
  Sparse taken_off_;  // of spread masses: all of what is excluded, a part of what is left out
  Sparse on_top_;
  std::vector<Appraised> appraised_;  // positions ascending
  SearchTrust trust_;
};

}  // namespace peapod
