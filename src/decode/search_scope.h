// What a question is searched in: the tree of the items that may answer it, and what is believed of them beforehand.
// Training takes the choices of its targets from here, the search its own, so that both choose among the same with the
// same beliefs. Immutable; safe from many threads.
#pragma once

#include <optional>
#include <span>

#include "decode/catalogue_tree.h"
#include "decode/search_prior.h"
#include "model/question.h"

namespace peapod {

// The tree of a model's whole catalogue.
CatalogueTree catalogue_of(const PeapodModel& model);

// A model's catalogue as all of its questions share it.
class SearchSpace {
 public:
  // `model` must outlive this object.
  explicit SearchSpace(const PeapodModel& model);

  const PeapodModel& model() const { return model_; }
  const CatalogueTree& catalogue() const { return catalogue_; }
  // Spread masses of the catalogue, where the model recalls in the search.
  const PositionSums& spread(Moment moment) const {
    return moment == Moment::any ? spread_at_any_moment_ : spread_at_the_latest_;
  }

 private:
  const PeapodModel& model_;
  CatalogueTree catalogue_;
  PositionSums spread_at_any_moment_, spread_at_the_latest_;
};

// A question's own. `space` must outlive it. Not to be copied: its prior refers to its tree.
class SearchScope {
 public:
  SearchScope(const SearchSpace& space, const Question& question, const SearchTrust& trust);
  SearchScope(const SearchScope&) = delete;
  SearchScope& operator=(const SearchScope&) = delete;

  const CatalogueTree& tree() const { return own_tree_ ? *own_tree_ : space_.catalogue(); }
  // Null where the model chooses among its whole vocabulary.
  const SearchPrior* prior() const { return prior_ ? &*prior_ : nullptr; }

  // What the tokens of an item are chosen from on the way to it, up to where it is certain. REQUIRES: a prior with a
  // trust and a weight of 1, and an item that is allowed.
  PathChoices path_to(uint32_t item) const;

 private:
  const SearchSpace& space_;
  std::optional<CatalogueTree> own_tree_;
  PositionSums own_spread_;
  std::optional<SearchPrior> prior_;
};

}  // namespace peapod
