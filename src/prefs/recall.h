// What collaborative filtering remembers, as one distribution over the catalogue: items that stood near those of a
// history (co-occurrence), items with alike titles, and popularity for the rest. Simple counts that a small network
// cannot learn by heart; it is what a recommendation starts from. Immutable, so safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/split.h"
#include "prefs/cooccurrence.h"
#include "prefs/item_knn.h"
#include "prefs/title_neighbours.h"

namespace peapod {

// Chosen on the validation split by eval/recall_choice.h.
struct RecallSettings {
  // Of the channel of neighbours, as item-kNN has them.
  ItemKnnOptions neighbours{.distance_decay = 0.5,
                            .backward_weight = 0.3,
                            .recency_decay = 1.0,
                            .source_damping = 0.5,
                            .target_damping = 0.2,
                            .popularity_offset = 1.0,
                            .max_history = 30};
  double titles = 0.4;            // weight of the channel of titles beside that of neighbours, which has 1; 0: unused
  double title_popularity = 0.3;  // a title's cosine counts times (popularity + 1)^this
  double sharpness = 1.25;        // γ: the mass of a recalled item is its score^γ, normalised
  double share = 0.65;            // of the mass, for the recalled items, below 1; the rest is spread by popularity
  double smoothing = 1.0;         // added to each popularity that mass is spread by; above 0, so that nothing has none
};

// Bounds of what masses are made with: beyond them some would vanish beside others.
inline constexpr double kGreatestSharpness = 10.0;
inline constexpr double kGreatestShare = 0.999;
inline constexpr double kLeastSmoothing = 1e-3;
inline constexpr double kGreatestSmoothing = 1e6;

struct RecalledItem {
  uint32_t item = 0;
  float score = 0;     // 1 at most for each channel times its weight; above 0
  float evidence = 0;  // of the channel of neighbours, before it is related to the best one; 0 where it has none
  float titles = 0;    // of the channel of titles, relative to its best, which may be an item of the history
};

class Recall {
 public:
  // Counts co-occurrence in the training histories; `titles` may be null. Throws Error for settings out of range.
  Recall(const Histories& train, uint32_t num_items, std::shared_ptr<const TitleNeighbours> titles,
         const RecallSettings& settings);

  // The same counts under other settings, which count co-occurrence alike. REQUIRES: settings with the distance decay
  // and the backward weight of this object's. Throws as the constructor does.
  Recall with(const RecallSettings& settings) const;

  uint32_t num_items() const { return static_cast<uint32_t>(popularity_.size()); }
  const RecallSettings& settings() const { return settings_; }

  // The items that a history (oldest first) brings to mind, but for its own, best first; equal scores by rising item.
  // Time grows with what is recalled. `left_out` is a whole training history whose pairs are to be taken out of the
  // counts, as if this user had not been there: what a training example may know. Empty: nothing is taken out.
  std::vector<RecalledItem> recall(std::span<const uint32_t> history, std::span<const uint32_t> left_out = {}) const;

  // The mass of each recalled item, in their order: what share of the whole they have. They sum to settings().share,
  // or to 0 where nothing is recalled.
  std::vector<double> masses(std::span<const RecalledItem> recalled) const;
  // An item's part of what is spread by popularity; sums to 1 over the catalogue. It counts spread_share() times. A
  // history that is left out is not left out of it: see mass_of_interaction().
  double popularity_mass(uint32_t item) const { return (popularity_[item] + settings_.smoothing) / total_; }
  // What one training interaction adds to popularity_mass() of its item; the masses of all items sum to 1 with it.
  double mass_of_interaction() const { return 1.0 / total_; }
  double spread_share(std::span<const RecalledItem> recalled) const {
    return recalled.empty() ? 1.0 : 1.0 - settings_.share;
  }

  // The whole distribution: overwrites `mass` [num_items], which sums to 1. Takes as long as the catalogue is large.
  void distribution(std::span<const uint32_t> history, std::span<float> mass) const;

 private:
  // What an item's scores are multiplied by, which follows from its popularity: as an item of the history, and as one
  // that is scored by either channel.
  struct Factors {
    double source, target, title;
  };

  void apply(const RecallSettings& settings);
  Factors factors_for(uint32_t popularity) const;
  std::vector<RecalledItem> scored(std::span<const uint32_t> history, std::span<const uint32_t> left_out) const;

  RecallSettings settings_;
  // Shared, because many settings are tried on the same counts and titles.
  std::shared_ptr<const Cooccurrence> counts_;
  std::shared_ptr<const TitleNeighbours> titles_;
  std::vector<uint32_t> popularity_;
  std::vector<Factors> factors_;  // [num_items]
  double total_ = 0;              // of smoothed popularities
  std::vector<double> recency_;   // [max_history] (1 + k)^-r
};

}  // namespace peapod
