#include "decode/search_prior.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace peapod {
namespace {

// A catalogue of 60 items named by two tokens and the end id, with random masses.
class MadeCatalogue {
 public:
  explicit MadeCatalogue(uint64_t seed) : random_(seed) {
    std::vector<std::array<int32_t, 2>> names;
    for (int32_t item = 0; item < 60; ++item) names.push_back({2 + item % 7, 20 + item / 7});
    tree = CatalogueTree::build(std::vector<std::span<const int32_t>>(names.begin(), names.end()));
    for (uint32_t item = 0; item < 60; ++item) spread.push_back(random_.uniform() + 0.01);
    for (uint32_t item = 0; item < 60; ++item) {
      if (random_.uniform() < 0.3) recalled.push_back({item, random_.uniform()});
      if (random_.uniform() < 0.1) left_out.push_back({item, 0.005});
      if (random_.uniform() < 0.2) excluded.push_back(item);
    }
    recalled.push_back({1000, 0.5});  // not in the tree
    left_out.push_back({1000, 0.005});
    left_out.push_back(left_out.front());  // twice in a history
    excluded.push_back(2000);
  }

  // The mass of one item, as its definition says.
  double mass_of(uint32_t item, double share) const {
    if (std::ranges::find(excluded, item) != excluded.end()) return 0.0;
    double mass = share * spread[item];
    for (const auto& one : left_out) mass -= one.item == item ? share * one.mass : 0.0;
    for (const auto& one : recalled) mass += one.item == item ? one.mass : 0.0;
    return mass;
  }

  CatalogueTree tree;
  std::vector<double> spread;
  std::vector<Belief::ItemMass> recalled, left_out;
  std::vector<uint32_t> excluded;

 private:
  Random random_;
};

void expect_masses(const MadeCatalogue& made, const CatalogueTree& tree) {
  const PositionSums sums(tree, [&](uint32_t item) { return made.spread[item]; });
  const SearchPrior prior(tree,
                          {.spread = &sums, .spread_scale = 0.4, .left_out = made.left_out, .on_top = made.recalled},
                          made.excluded, {.trust = 1.0, .weight = 0.5});
  std::vector<SearchPrior::Child> allowed;
  for (uint32_t node = 0; node < tree.num_nodes(); ++node) {
    const auto range = tree.positions_below(node);
    double expected = 0;
    for (uint32_t position = range.begin; position < range.end; ++position) {
      expected += made.mass_of(tree.item_at_position(position), 0.4);
    }
    EXPECT_NEAR(prior.mass(range), expected, 1e-12) << "node " << node;
    if (tree.is_leaf(node)) continue;
    const auto children = tree.children(node);
    double sum = 0;
    for (uint32_t i = 0; i < children.tokens.size(); ++i) {
      sum += prior.mass(tree.positions_below(children.first + i));
    }
    EXPECT_NEAR(prior.mass(range), sum, 1e-12) << "children of node " << node;
    prior.allowed_children(node, allowed);
    size_t next = 0;
    for (uint32_t i = 0; i < children.tokens.size(); ++i) {
      const auto below = tree.positions_below(children.first + i);
      const bool any = prior.mass(below) > 1e-9;  // everything that is not excluded has some
      EXPECT_EQ(ExcludedItems(tree, made.excluded).leaves_any(below), any);
      if (!any) continue;
      ASSERT_LT(next, allowed.size());
      EXPECT_EQ(allowed[next].index, i);
      EXPECT_NEAR(allowed[next++].bias, 0.5 * std::log(prior.mass(below)), 1e-12);
    }
    EXPECT_EQ(next, allowed.size());
  }
}

TEST(SearchPrior, HasAtEachNodeTheMassOfTheItemsBelowWithoutTheExcludedOnes) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const MadeCatalogue made(seed);
    expect_masses(made, made.tree);
    const std::vector<uint32_t> some = {3, 4, 5, 17, 33, 34, 58};
    expect_masses(made, made.tree.restricted_to(some));
  }
}

// Appraisals of the items, the first 20 of them, some excluded or outside of the tree.
void expect_appraised_masses(const MadeCatalogue& made, const CatalogueTree& tree, double trust) {
  std::vector<uint32_t> items = {1000};
  std::vector<float> appraisals = {3.0f};
  Random random(9);
  for (uint32_t item = 0; item < 20; ++item) {
    items.push_back(19 - item);
    appraisals.push_back(static_cast<float>(3.0 * random.normal()));
  }
  const PositionSums sums(tree, [&](uint32_t item) { return made.spread[item]; });
  const SearchPrior prior(
      tree,
      {.spread = &sums, .spread_scale = 0.4, .left_out = made.left_out, .on_top = made.recalled, .appraised = items},
      made.excluded, {.appraisal = trust});
  const SearchPrior appraised = prior.appraised_by(appraisals);
  for (uint32_t node = 0; node < tree.num_nodes(); ++node) {
    const auto range = tree.positions_below(node);
    double expected = 0, believed = 0;
    for (uint32_t position = range.begin; position < range.end; ++position) {
      const uint32_t item = tree.item_at_position(position);
      const double factor = item < 20 ? std::exp(trust * static_cast<double>(appraisals[20 - item])) : 1.0;
      expected += factor * made.mass_of(item, 0.4);
      believed += item < 20 ? made.mass_of(item, 0.4) : 0.0;
    }
    EXPECT_NEAR(appraised.mass(range), expected, 1e-12 * (1.0 + expected)) << "node " << node;
    for (const auto& [position, index, mass] : prior.appraised(range)) {
      EXPECT_EQ(tree.item_at_position(position), items[index]);
      EXPECT_NEAR(mass, made.mass_of(items[index], 0.4), 1e-12);
      believed -= mass;
    }
    EXPECT_NEAR(believed, 0.0, 1e-12) << "each once, node " << node;
  }
}

TEST(SearchPrior, MultipliesTheMassesOfAppraisedItems) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const MadeCatalogue made(seed);
    for (const double trust : {0.0, 0.5, 1.0}) {
      expect_appraised_masses(made, made.tree, trust);
      const std::vector<uint32_t> some = {3, 4, 5, 17, 33, 34, 58};
      expect_appraised_masses(made, made.tree.restricted_to(some), trust);
    }
  }
}

TEST(SearchPrior, WithoutABeliefAllowsAlikeWhatIsNotExcluded) {
  const MadeCatalogue made(3);
  const SearchPrior prior(made.tree, {}, made.excluded, {});
  std::vector<SearchPrior::Child> allowed;
  size_t leaves = 0;
  for (uint32_t node = 0; node < made.tree.num_nodes(); ++node) {
    if (made.tree.is_leaf(node)) continue;
    prior.allowed_children(node, allowed);
    for (const SearchPrior::Child& child : allowed) {
      EXPECT_EQ(child.bias, 0.0);
      leaves += made.tree.is_leaf(made.tree.children(node).first + child.index) ? 1 : 0;
    }
  }
  EXPECT_EQ(leaves, made.tree.num_items() - made.tree.positions_of(made.excluded).size());
}

}  // namespace
}  // namespace peapod
