#include "decode/search_prior.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace peapod {

double SearchPrior::Sparse::of(CatalogueTree::Positions range) const {
  const auto first = std::ranges::lower_bound(positions, range.begin);
  const auto last = std::lower_bound(first, positions.end(), range.end);
  return sums[static_cast<size_t>(last - positions.begin())] - sums[static_cast<size_t>(first - positions.begin())];
}

SearchPrior::SearchPrior(const CatalogueTree& tree, const Belief& belief, std::span<const uint32_t> excluded,
                         const SearchTrust& trust)
    : tree_(tree),
      spread_(belief.spread),
      spread_scale_(belief.spread_scale),
      excluded_(tree, excluded),
      trust_(trust) {
  if (spread_ == nullptr) return;
  // Those of `masses` that are in the tree and not excluded, by position.
  const auto placed = [&](std::span<const Belief::ItemMass> masses) {
    std::vector<std::pair<uint32_t, double>> found;
    for (const auto& [item, mass] : masses) {
      const auto position = tree.position_of(item);
      if (position && !excluded_.contains(*position)) found.emplace_back(*position, mass);
    }
    std::ranges::sort(found);
    return found;
  };
  for (const auto& [position, mass] : placed(belief.on_top)) on_top_.add(position, mass);
  std::vector<std::pair<uint32_t, double>> less = placed(belief.left_out);
  for (const uint32_t position : excluded_.positions()) less.emplace_back(position, spread_->at(position));
  std::ranges::sort(less);
  for (const auto& [position, mass] : less) taken_off_.add(position, mass);
  for (uint32_t index = 0; index < belief.appraised.size(); ++index) {
    const auto position = tree.position_of(belief.appraised[index]);
    if (!position || excluded_.contains(*position)) continue;
    appraised_.push_back({*position, index, mass({*position, *position + 1})});
  }
  std::ranges::sort(appraised_, {}, &Appraised::position);
}

double SearchPrior::mass(CatalogueTree::Positions range) const {
  if (spread_ == nullptr) return 0.0;
  const double spread = std::max(spread_scale_ * (spread_->of(range) - taken_off_.of(range)), 0.0);
  return std::max(spread + on_top_.of(range), 0.0);  // an appraisal may leave less than rounding takes
}

std::span<const SearchPrior::Appraised> SearchPrior::appraised(CatalogueTree::Positions range) const {
  const auto first = std::ranges::lower_bound(appraised_, range.begin, {}, &Appraised::position);
  return {first, std::ranges::lower_bound(first, appraised_.end(), range.end, {}, &Appraised::position)};
}

SearchPrior SearchPrior::appraised_by(std::span<const float> appraisals) const {
  SearchPrior result = *this;
  result.appraised_.clear();
  if (trust_.appraisal == 0.0) return result;
  // What an appraisal adds, or takes, is one more thing on top.
  std::vector<std::pair<uint32_t, double>> more;
  for (size_t i = 0; i < on_top_.positions.size(); ++i) {
    more.emplace_back(on_top_.positions[i], on_top_.sums[i + 1] - on_top_.sums[i]);
  }
  for (const auto& [position, index, mass] : appraised_) {
    more.emplace_back(position, mass * std::expm1(trust_.appraisal * static_cast<double>(appraisals[index])));
  }
  std::ranges::sort(more);
  result.on_top_ = {};
  for (const auto& [position, mass] : more) result.on_top_.add(position, mass);
  return result;
}

void SearchPrior::allowed_children(uint32_t node, std::vector<Child>& children) const {
  children.clear();
  const auto all = tree_.children(node);
  for (uint32_t i = 0; i < all.tokens.size(); ++i) {
    const CatalogueTree::Positions below = tree_.positions_below(all.first + i);
    if (!excluded_.leaves_any(below)) continue;
    // A weight of 0 makes nothing of the mass, whatever it is.
    const bool believes = spread_ != nullptr && trust_.weight > 0.0;
    children.push_back({i, believes ? trust_.weight * std::log(mass(below)) : 0.0});
  }
}

}  // namespace peapod
