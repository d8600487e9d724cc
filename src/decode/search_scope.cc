#include "decode/search_scope.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

namespace peapod {
namespace {

// What is spread over the items of a tree by popularity, before the share of the recalled ones is taken off.
PositionSums spread_of(const Recall& recall, const CatalogueTree& tree, Moment moment) {
  return {tree, [&](uint32_t item) { return recall.popularity_mass(item, moment); }};
}

}  // namespace

CatalogueTree catalogue_of(const PeapodModel& model) {
  std::vector<std::span<const int32_t>> sequences;
  for (uint32_t item = 0; item < model.ids().num_items(); ++item) sequences.push_back(model.ids().item_output(item));
  return CatalogueTree::build(sequences);
}

SearchSpace::SearchSpace(const PeapodModel& model) : model_(model), catalogue_(catalogue_of(model)) {
  if (!model.recall_use().search) return;
  spread_at_any_moment_ = spread_of(*model.recall(), catalogue_, Moment::any);
  spread_at_the_latest_ = spread_of(*model.recall(), catalogue_, Moment::latest);
}

SearchScope::SearchScope(const SearchSpace& space, const Question& question, const SearchTrust& trust) : space_(space) {
  const PeapodModel& model = space.model();
  if (question.allowed.only) own_tree_ = space.catalogue().restricted_to(*question.allowed.only);
  if (!model.chooses_in_tree()) return;
  Belief belief;
  std::vector<Belief::ItemMass> recalled, left_out;
  if (model.recall_use().search) {
    const Recall& recall = *model.recall();
    const Moment moment = question.moment();
    if (own_tree_) own_spread_ = spread_of(recall, *own_tree_, moment);
    belief.spread = own_tree_ ? &own_spread_ : &space.spread(moment);
    for (const RecalledItem& one : question.recalled) recalled.push_back({one.item, one.mass});
    for (const uint32_t item : question.left_out) left_out.push_back({item, recall.mass_of_interaction()});
    belief.spread_scale = recall.spread_share(question.recalled) /
                          (1.0 - recall.mass_of_interaction() * static_cast<double>(question.left_out.size()));
    belief.on_top = recalled;
    belief.left_out = left_out;
    belief.appraised = question.appraised;
  }
  prior_.emplace(tree(), belief, question.allowed.except, trust);
}

PathChoices SearchScope::path_to(uint32_t item) const {
  assert(prior_ && prior_->trust().trust == 1.0 && prior_->trust().weight == 1.0);
  const uint32_t position = *tree().position_of(item);
  PathChoices path;
  std::vector<SearchPrior::Child> allowed;
  uint32_t node = CatalogueTree::kRoot;
  for (uint32_t step = 0;; ++step) {
    const CatalogueTree::Positions below = tree().positions_below(node);
    if (below.end - below.begin == 1) return path;
    const auto children = tree().children(node);
    prior_->allowed_children(node, allowed);
    const auto leads = [&](const SearchPrior::Child& child) {
      const CatalogueTree::Positions range = tree().positions_below(children.first + child.index);
      return range.begin <= position && position < range.end;
    };
    const auto found = std::ranges::find_if(allowed, leads);
    assert(found != allowed.end());  // else the item is excluded
    const auto taken = static_cast<uint32_t>(found - allowed.begin());
    node = children.first + found->index;
    if (allowed.size() == 1) continue;
    path.steps.push_back(step);
    for (const SearchPrior::Child& child : allowed) {
      const CatalogueTree::Positions range = tree().positions_below(children.first + child.index);
      const auto appraised = prior_->appraised(range);
      double bias = child.bias;
      if (!appraised.empty()) {
        double rest = prior_->mass(range);
        for (const auto& [at, index, mass] : appraised) {
          path.appraised.push_back({static_cast<uint32_t>(path.tokens.size()), index, static_cast<float>(mass)});
          rest -= mass;
        }
        // Where nothing else is below, rounding may leave a little.
        bias = appraised.size() < range.end - range.begin ? std::log(std::max(rest, 0.0))
                                                          : -std::numeric_limits<double>::infinity();
      }
      path.tokens.push_back(children.tokens[child.index]);
      path.biases.push_back(static_cast<float>(bias));
    }
    path.starts.push_back(static_cast<uint32_t>(path.tokens.size()));
    path.chosen.push_back(taken);
  }
}

}  // namespace peapod
